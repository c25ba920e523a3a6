// The `ai` package with its OpenAI provider, unmodified, against the server at FREEHOLD_URL: both of
// the APIs that the provider speaks. Assumes nothing about the model but that it answers.
import assert from "node:assert/strict";
import {test} from "node:test";
import {createOpenAI} from "@ai-sdk/openai";
import {generateText, streamText, tool} from "ai";
import {z} from "zod";

const url = process.env.FREEHOLD_URL;
assert.ok(url, "FREEHOLD_URL says where the server is");
const provider = createOpenAI({baseURL: `${url}/v1`, apiKey: process.env.FREEHOLD_API_KEY ?? "none"});
const model = (await (await fetch(`${url}/v1/models`)).json()).data[0].id;
const prompt = "What is the capital of France? Answer briefly.";
const greedy = {temperature: 0, maxOutputTokens: 16, maxRetries: 0};

for (const [api, speaker] of [["responses", provider.responses(model)], ["chat", provider.chat(model)]]) {
  test(`generates and streams the same text through ${api}`, async () => {
    const whole = await generateText({model: speaker, prompt, ...greedy});
    assert.ok(whole.text.length > 0);
    assert.ok(whole.usage.inputTokens > 0 && whole.usage.outputTokens > 0);
    const stream = streamText({model: speaker, prompt, ...greedy});
    let text = "";
    for await (const piece of stream.textStream) text += piece;
    assert.equal(text, whole.text);
    assert.equal(await stream.finishReason, whole.finishReason);
    assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);
  });

  test(`goes on with a conversation and its tools through ${api}`, async () => {
    const first = await generateText({model: speaker, prompt, ...greedy});
    const capital = tool({description: "Names a capital", inputSchema: z.object({of: z.string()})});
    const second = await generateText({
      model: speaker, tools: {capital}, ...greedy,
      messages: [{role: "system", content: "Be brief."}, {role: "user", content: prompt},
                 ...first.response.messages, {role: "user", content: "And of Spain?"}]});
    assert.ok(second.usage.inputTokens > first.usage.inputTokens);
  });

  test(`throws what the server says is wrong through ${api}`, async () => {
    await assert.rejects(generateText({model: speaker, prompt, ...greedy, temperature: 99}), (error) => {
      assert.equal(error.statusCode, 400);
      assert.match(error.message, /temperature/);
      return true;
    });
  });
}
