// Ollama's client, unmodified, against the server at FREEHOLD_URL. Assumes nothing about the model but
// that it answers.
import assert from "node:assert/strict";
import {test} from "node:test";
import {Ollama} from "ollama";

const host = process.env.FREEHOLD_URL;
assert.ok(host, "FREEHOLD_URL says where the server is");
const client = new Ollama({host});
const model = (await client.list()).models[0].name;
const messages = [{role: "user", content: "What is the capital of France? Answer briefly."}];
const options = {temperature: 0, num_predict: 16};

test("lists, shows and counts models as loaded", async () => {
  const {models} = await client.list();
  assert.ok(models[0].size > 0);
  assert.ok(!Number.isNaN(Date.parse(models[0].modified_at)));
  const shown = await client.show({model});
  assert.equal(shown.details.family, models[0].details.family);
  assert.ok(shown.model_info["general.parameter_count"] > 0);
  assert.ok(shown.capabilities.includes("completion"));
  assert.equal((await client.ps()).models[0].name, model);
  assert.match((await client.version()).version, /^\d+\./);
});

test("answers a conversation", async () => {
  const answer = await client.chat({model, messages, options});
  assert.equal(answer.model, model);
  assert.equal(answer.message.role, "assistant");
  assert.ok(answer.message.content.length > 0);
  assert.equal(answer.done, true);
  assert.ok(["stop", "length"].includes(answer.done_reason));
  assert.ok(answer.eval_count > 0 && answer.eval_count <= 16);
  assert.ok(answer.prompt_eval_count > 0 && answer.total_duration > 0);
});

test("streams the same text that it answers whole", async () => {
  const whole = await client.chat({model: `${model}:latest`, messages, options});
  let text = "", last;
  for await (const piece of await client.chat({model, messages, options, stream: true})) {
    text += piece.message.content;
    last = piece;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done, true);
  assert.equal(last.eval_count, whole.eval_count);
});

test("continues a text, with the template and without", async () => {
  const prompt = messages[0].content;
  const chat = await client.chat({model, messages, options});
  const answer = await client.generate({model, prompt, options});
  assert.equal(answer.response, chat.message.content);
  const raw = await client.generate({model, prompt, options, raw: true});
  assert.ok(raw.prompt_eval_count < answer.prompt_eval_count);
  assert.equal((await client.generate({model, prompt: ""})).done_reason, "load");
});

test("stops where it is told to", async () => {
  const {message: {content}} = await client.chat({model, messages, options});
  const stop = content.slice(3, 6);
  const answer = await client.chat({model, messages, options: {...options, stop: [stop]}});
  assert.equal(answer.message.content, content.slice(0, content.indexOf(stop)));
  assert.equal(answer.done_reason, "stop");
});

test("explains what is wrong", async () => {
  await assert.rejects(client.chat({model: "none", messages}), (error) => {
    assert.equal(error.status_code, 404);
    assert.match(error.message, /none/);
    return true;
  });
  await assert.rejects(client.chat({model, messages, options: {top_p: 3}}), /top_p/);
});

// The model may have ended before it is told to.
test("cancels what nobody listens to any more", async () => {
  const stream = await client.chat({model, messages, stream: true, options: {num_predict: 1500}});
  try {
    for await (const piece of stream) {
      assert.ok(piece);
      stream.abort();
    }
  } catch (error) {
    assert.match(`${error.name} ${error.message}`, /abort/i);
  }
  const running = async () => (await (await fetch(`${host}/metrics`)).text())
    .match(/^vllm:num_requests_running\{.*\} (\d+)$/m)[1];
  for (const end = Date.now() + 30_000; Date.now() < end && await running() !== "0";) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(await running(), "0");
});
