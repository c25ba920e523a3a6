// Compares llama.cpp's greedy tokens (llama_cpp_greedy.mjs) with Freehold's on the same file:
//   node compare.mjs FREEHOLD MODEL PEER.json
// A line a prompt: identical, or the first step at which they differ and how far apart the two
// candidates are by our `score`. Ends with 1 when a difference is no near-tie.
//
// What a near-tie is depends on both programs: on quantized weights each rounds activations to 8
// bits in its own way, which moves log-probabilities. How far is measured as the deviation between
// the two along the peer's own texts (measured apart, against products in floats, ours deviates by
// 0.056 and llama.cpp by 0.058 on the default model). A difference is a near-tie when the
// candidates are closer than four standard deviations of the difference of two such errors. The
// four was chosen after the first run had been seen; the comparison that needs no such choice is
// the one without quantized weights (to_f32.py), where the deviation, and with it the tolerance,
// nearly vanishes.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

const smallest_tolerance = 0.005;  // the peer's cache is f16, and sums come in another order

const [freehold, model, peer_path] = process.argv.slice(2);
const peer = JSON.parse(readFileSync(peer_path, "utf8"));

function run(args, input) {
  const output = execFileSync(freehold, [...args, "--model", model, "--json"],
                              { input, encoding: "utf8", maxBuffer: 1 << 30 });
  return JSON.parse(output);
}

const score = (tokens, ...more) => run(["score", "--tokens", tokens.join(","), ...more]);
const root_mean_square = (values) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

// The peer's log-probabilities less ours, along the text that the peer wrote.
function deviations({ tokens, greedy, logprobs }) {
  const scored = score([...tokens, ...greedy]).tokens.slice(tokens.length);
  return logprobs.map((logprob, i) => logprob - scored[i].logprob);
}

// What our score says of the two candidates after the common beginning.
function difference(prompt, ours, step) {
  const theirs = prompt.greedy[step];
  const common = [...prompt.tokens, ...prompt.greedy.slice(0, step)];
  const logprob = Object.fromEntries(
    score(common, "--top", "50").next.map(({ id, logprob }) => [id, logprob]));
  const gap = (logprob[ours[step]] ?? NaN) - (logprob[theirs] ?? NaN);
  return { step, ours: ours[step], theirs, gap };
}

function compare(prompt) {
  const ids = run(["tokenize", "--parse-special"], prompt.text).ids;
  const ours = score(prompt.tokens, "--greedy", String(prompt.greedy.length)).greedy;
  const step = prompt.greedy.findIndex((token, i) => token !== ours[i]);
  return {
    text: prompt.text,
    same_prompt_tokens: JSON.stringify(ids) === JSON.stringify(prompt.tokens),
    identical: step < 0,
    peer_deviation: root_mean_square(deviations(prompt)),
    first_difference: step < 0 ? null : difference(prompt, ours, step),
  };
}

const results = peer.results.map(compare);
const peer_deviation = root_mean_square(results.map((result) => result.peer_deviation));
for (const result of results) {
  const first = result.first_difference;
  let verdict = "identical";
  if (first !== null) {
    const deviation = Math.max(peer_deviation, result.peer_deviation);
    first.tolerance = Math.max(smallest_tolerance, 4 * Math.SQRT2 * deviation);
    first.near_tie = first.gap < first.tolerance;
    verdict = `step ${first.step}: ${first.ours} instead of ${first.theirs}, ` +
      `${first.gap.toFixed(4)} apart, ${first.near_tie ? "a near-tie" : "NO NEAR-TIE"} ` +
      `(tolerance ${first.tolerance.toFixed(4)})`;
  }
  console.error(`${JSON.stringify(result.text)}: ${verdict}` +
                (result.same_prompt_tokens ? "" : "; PROMPT TOKENS DIFFER"));
}
const bad = (result) => !result.same_prompt_tokens ||
                        (!result.identical && !result.first_difference.near_tie);
console.log(JSON.stringify({
  peer: peer.peer, llama_cpp: peer.release, machine: cpus()[0].model, peer_deviation,
  prompts: results.length,
  identical: results.filter((result) => result.identical).length,
  near_ties: results.filter((result) => result.first_difference?.near_tie).length,
  results,
}, null, 1));
process.exitCode = results.some(bad) ? 1 : 0;
