// Anthropic's client, unmodified, against the server at FREEHOLD_URL. Assumes nothing about the model
// but that it answers.
import assert from "node:assert/strict";
import {test} from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const url = process.env.FREEHOLD_URL;
assert.ok(url, "FREEHOLD_URL says where the server is");
const client = new Anthropic({baseURL: url, apiKey: process.env.FREEHOLD_API_KEY ?? "none", maxRetries: 0});
const model = (await (await fetch(`${url}/v1/models`)).json()).data[0].id;
const messages = [{role: "user", content: "What is the capital of France? Answer briefly."}];
const greedy = {model, messages, temperature: 0, max_tokens: 16};

test("answers a conversation", async () => {
  const answer = await client.messages.create({...greedy, system: "Be brief."});
  assert.match(answer.id, /^msg_/);
  assert.equal(answer.type, "message");
  assert.equal(answer.role, "assistant");
  assert.equal(answer.model, model);
  assert.ok(answer.content[0].text.length > 0);
  assert.ok(["end_turn", "max_tokens"].includes(answer.stop_reason));
  assert.equal(answer.stop_sequence, null);
  assert.ok(answer.usage.input_tokens > 0);
  assert.ok(answer.usage.output_tokens > 0 && answer.usage.output_tokens <= 16);
});

test("streams the same text that it answers whole", async () => {
  const whole = await client.messages.create(greedy);
  const stream = client.messages.stream(greedy);
  let text = "";
  stream.on("text", (piece) => { text += piece; });
  const message = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.deepEqual(message.content, [{type: "text", text}]);
  assert.equal(message.stop_reason, whole.stop_reason);
  assert.equal(message.usage.output_tokens, whole.usage.output_tokens);
});

test("tells which stop sequence ended it, and stops there", async () => {
  const {content: [{text}]} = await client.messages.create(greedy);
  const word = text.slice(3, 6);
  const answer = await client.messages.create({...greedy, stop_sequences: [word]});
  assert.equal(answer.stop_reason, "stop_sequence");
  assert.equal(answer.stop_sequence, word);
  const told = answer.content.map((block) => block.text).join("");
  assert.equal(told, text.slice(0, text.indexOf(word)));
});

test("goes on with what the assistant has begun", async () => {
  const begun = [...messages, {role: "assistant", content: "The capital of"}];
  const {input_tokens} = await client.messages.countTokens({model, messages: begun});
  const answer = await client.messages.create({...greedy, messages: begun});
  const {usage} = answer;
  assert.equal(usage.input_tokens + usage.cache_read_input_tokens, input_tokens);
  assert.ok(answer.content[0].text.length > 0);
});

test("counts a prompt's tokens, and takes them from the cache the second time", async () => {
  const long = [{role: "user", content: "count ".repeat(200)}];
  const {input_tokens} = await client.messages.countTokens({model, messages: long});
  await client.messages.create({...greedy, messages: long, max_tokens: 1});
  const {usage} = await client.messages.create({...greedy, messages: long, max_tokens: 1});
  assert.ok(usage.cache_read_input_tokens > 0);
  assert.equal(usage.input_tokens + usage.cache_read_input_tokens, input_tokens);
});

test("takes histories with tools, their results and thoughts", async () => {
  const answer = await client.messages.create({...greedy,
    tools: [{name: "weather", description: "of a place", input_schema: {type: "object", properties: {}}}],
    messages: [...messages,
      {role: "assistant", content: [{type: "thinking", thinking: "hm", signature: "s"},
                                    {type: "tool_use", id: "t1", name: "weather", input: {}}]},
      {role: "user", content: [{type: "tool_result", tool_use_id: "t1", content: "sunny"}]}]});
  assert.equal(answer.type, "message");
});

test("explains what is wrong in the client's own errors", async () => {
  await assert.rejects(client.messages.create({...greedy, model: "none"}), Anthropic.NotFoundError);
  await assert.rejects(client.messages.create({...greedy, temperature: -1}), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.equal(error.error.type, "error");
    assert.equal(error.error.error.type, "invalid_request_error");
    assert.match(error.error.error.message, /temperature/);
    return true;
  });
});

test("cancels what nobody listens to any more", async () => {
  const stream = client.messages.stream({...greedy, max_tokens: 1500});
  await new Promise((resolve) => stream.once("streamEvent", resolve));
  stream.abort();
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
});
