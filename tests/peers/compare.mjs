// Compares llama.cpp's greedy tokens (llama_cpp_greedy.mjs) with Freehold's on the same file:
//   node compare.mjs FREEHOLD MODEL PEER.json
// A line a prompt: identical, or the first step at which they differ and how far apart the two
// candidates are by our `score`. Ends with 1 when a difference is no near-tie.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

// Two quantized engines round activations differently; candidates closer than this may swap.
const near_tie = 0.05;

const [freehold, model, peer_path] = process.argv.slice(2);
const peer = JSON.parse(readFileSync(peer_path, "utf8"));

function run(args, input) {
  const output = execFileSync(freehold, [...args, "--model", model, "--json"],
                              { input, encoding: "utf8", maxBuffer: 1 << 30 });
  return JSON.parse(output);
}

const score = (tokens, ...more) => run(["score", "--tokens", tokens.join(","), ...more]);

// What both think after the common beginning: the log-probabilities of the two candidates.
function difference(prompt, ours, step) {
  const theirs = prompt.greedy[step];
  const common = [...prompt.tokens, ...prompt.greedy.slice(0, step)];
  const logprob = Object.fromEntries(
    score(common, "--top", "50").next.map(({ id, logprob }) => [id, logprob]));
  const gap = (logprob[ours[step]] ?? NaN) - (logprob[theirs] ?? NaN);
  return { step, ours: ours[step], theirs, gap, near_tie: Math.abs(gap) < near_tie };
}

function compare(prompt) {
  const ids = run(["tokenize", "--parse-special"], prompt.text).ids;
  const ours = score(prompt.tokens, "--greedy", String(prompt.greedy.length)).greedy;
  const step = prompt.greedy.findIndex((token, i) => token !== ours[i]);
  return {
    text: prompt.text,
    same_prompt_tokens: JSON.stringify(ids) === JSON.stringify(prompt.tokens),
    identical: step < 0,
    first_difference: step < 0 ? null : difference(prompt, ours, step),
  };
}

const results = peer.results.map(compare);
for (const result of results) {
  const first = result.first_difference;
  const verdict = result.identical ? "identical"
    : `step ${first.step}: ${first.ours} instead of ${first.theirs}, ` +
      `${first.gap.toFixed(4)} apart${first.near_tie ? " (near-tie)" : ""}`;
  console.error(`${JSON.stringify(result.text)}: ${verdict}` +
                (result.same_prompt_tokens ? "" : "; PROMPT TOKENS DIFFER"));
}
const good = results.every((result) => result.same_prompt_tokens &&
                                       (result.identical || result.first_difference.near_tie));
console.log(JSON.stringify({
  peer: peer.peer, release: peer.release, near_tie,
  identical: results.filter((result) => result.identical).length,
  near_ties: results.filter((result) => result.first_difference?.near_tie).length,
  prompts: results.length, results,
}, null, 1));
process.exitCode = good ? 0 : 1;
