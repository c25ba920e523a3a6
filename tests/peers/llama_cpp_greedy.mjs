// llama.cpp's greedy continuation of each prompt: node llama_cpp_greedy.mjs MODEL PROMPTS TOKENS.
// Prints one JSON document: for each prompt its tokens, the tokens appended, and the log-probability
// of each of those. (All probabilities of a step can be had too, but take far longer than the step.)
import { readFileSync } from "node:fs";
import { getLlama, getModuleVersion } from "node-llama-cpp";

const [model_path, prompts_path, count_text] = process.argv.slice(2);
const count = Number(count_text);
const prompts = JSON.parse(readFileSync(prompts_path, "utf8"));

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: model_path });
const context = await model.createContext({ contextSize: 1024, sequences: 1, threads: 1 });
const sequence = context.getSequence();

async function continue_greedily(text) {
  await sequence.clearHistory();
  const tokens = model.tokenize(text, true);
  const greedy = [];
  const logprobs = [];
  const sampling = { temperature: 0, repeatPenalty: { punishTokens: [], penalty: 1 } };
  const generated = sequence.evaluateWithMetadata(tokens, { confidence: true }, sampling);
  for await (const { token, confidence } of generated) {
    greedy.push(token);
    logprobs.push(Math.log(confidence));
    if (greedy.length === count) break;
  }
  return { text, tokens, greedy, logprobs };
}

const results = [];
for (const prompt of prompts) results.push(await continue_greedily(prompt));
console.log(JSON.stringify({
  peer: `node-llama-cpp ${await getModuleVersion()}`,
  release: llama.llamaCppRelease.release,
  results,
}));
process.exit(0);
