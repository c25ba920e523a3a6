// The openai client, unmodified, against the server at FREEHOLD_URL. Assumes nothing about the model
// but that it answers: the same tests run over the scripted generator and over real models.
import assert from "node:assert/strict";
import {test} from "node:test";
import OpenAI from "openai";

const url = process.env.FREEHOLD_URL;
assert.ok(url, "FREEHOLD_URL says where the server is");
const client = new OpenAI({baseURL: `${url}/v1`, apiKey: process.env.FREEHOLD_API_KEY ?? "none",
                           maxRetries: 0, timeout: 120_000});
const model = (await client.models.list()).data[0].id;
const messages = [{role: "user", content: "What is the capital of France? Answer briefly."}];
const greedy = {model, messages, temperature: 0, max_tokens: 16};

async function metric(name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function eventually(holds) {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

test("lists and retrieves models", async () => {
  const listed = await client.models.list();
  assert.equal(listed.object, "list");
  const card = await client.models.retrieve(model);
  assert.equal(card.id, model);
  assert.equal(card.object, "model");
  assert.equal(typeof card.created, "number");
  assert.ok(card.max_model_len > 0);
});

test("answers a conversation", async () => {
  const answer = await client.chat.completions.create(greedy);
  assert.match(answer.id, /^chatcmpl-/);
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.model, model);
  assert.equal(answer.choices.length, 1);
  assert.equal(answer.choices[0].message.role, "assistant");
  assert.ok(answer.choices[0].message.content.length > 0);
  assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
  const {prompt_tokens, completion_tokens, total_tokens} = answer.usage;
  assert.ok(prompt_tokens > 0 && completion_tokens > 0 && completion_tokens <= 16);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
  assert.ok(answer.usage.prompt_tokens_details.cached_tokens >= 0);
  assert.ok(answer._request_id);
});

test("streams the same text that it answers whole", async () => {
  const whole = await client.chat.completions.create(greedy);
  const stream = await client.chat.completions.create(
    {...greedy, stream: true, stream_options: {include_usage: true}});
  let text = "", role, reason, usage;
  for await (const chunk of stream) {
    assert.equal(chunk.object, "chat.completion.chunk");
    const choice = chunk.choices[0];
    role ??= choice?.delta.role;
    text += choice?.delta.content ?? "";
    reason ??= choice?.finish_reason;
    usage ??= chunk.usage;
  }
  assert.equal(role, "assistant");
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(reason, whole.choices[0].finish_reason);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

test("works with the client's stream helper", async () => {
  const whole = await client.chat.completions.create(greedy);
  const stream = client.chat.completions.stream(greedy);
  assert.equal(await stream.finalContent(), whole.choices[0].message.content);
});

test("gives eight clients at once the answer that it gives one", async () => {
  const alone = await client.chat.completions.create(greedy);
  const together = await Promise.all(
    Array.from({length: 8}, () => client.chat.completions.create(greedy)));
  for (const answer of together) {
    assert.equal(answer.choices[0].message.content, alone.choices[0].message.content);
  }
});

test("gives several choices, streamed side by side", async () => {
  const stream = await client.chat.completions.create({...greedy, n: 2, stream: true});
  const texts = ["", ""], reasons = [];
  for await (const chunk of stream) {
    for (const choice of chunk.choices) {
      texts[choice.index] += choice.delta.content ?? "";
      if (choice.finish_reason) reasons[choice.index] = choice.finish_reason;
    }
  }
  assert.equal(texts[0], texts[1]);
  assert.equal(reasons.filter(Boolean).length, 2);
});

test("stops before a stop string", async () => {
  const free = (await client.chat.completions.create(greedy)).choices[0].message.content;
  const stop = free.slice(2, 5);
  const answer = await client.chat.completions.create({...greedy, stop: [stop]});
  assert.equal(answer.choices[0].message.content, free.slice(0, free.indexOf(stop)));
  assert.equal(answer.choices[0].finish_reason, "stop");
});

test("reports log-probabilities", async () => {
  const answer = await client.chat.completions.create({...greedy, logprobs: true, top_logprobs: 3});
  const tokens = answer.choices[0].logprobs.content;
  assert.ok(tokens.length > 0);
  for (const token of tokens) {
    assert.ok(token.logprob <= 0);
    assert.ok(Array.isArray(token.bytes));
    assert.equal(token.top_logprobs.length, 3);
    assert.ok(token.top_logprobs[0].logprob >= token.top_logprobs[2].logprob);
  }
  const bytes = Buffer.from(tokens.flatMap((token) => token.bytes));
  assert.ok(bytes.toString().startsWith(answer.choices[0].message.content));
});

test("completes text, one prompt or several", async () => {
  const one = await client.completions.create({model, prompt: "Once upon", max_tokens: 4, temperature: 0});
  assert.equal(one.object, "text_completion");
  assert.equal(typeof one.choices[0].text, "string");
  const two = await client.completions.create(
    {model, prompt: ["Once upon", "In the"], max_tokens: 4, temperature: 0});
  assert.deepEqual(two.choices.map((choice) => choice.index), [0, 1]);
  assert.equal(two.choices[0].text, one.choices[0].text);
});

test("scores a text through echo", async () => {
  const scored = await client.completions.create(
    {model, prompt: "The quick brown fox", echo: true, logprobs: 1, max_tokens: 0});
  const {tokens, token_logprobs, text_offset} = scored.choices[0].logprobs;
  assert.equal(tokens.length, scored.usage.prompt_tokens);
  assert.equal(text_offset.length, tokens.length);
  assert.equal(token_logprobs[0], null);
  assert.ok(token_logprobs.slice(1).every((logprob) => logprob <= 0));
  assert.equal(scored.choices[0].text, "The quick brown fox");
  assert.equal(scored.usage.completion_tokens, 0);
});

test("streams completions", async () => {
  const stream = await client.completions.create(
    {model, prompt: "Once upon", max_tokens: 4, temperature: 0, stream: true});
  let reason;
  for await (const chunk of stream) reason ??= chunk.choices[0].finish_reason;
  assert.ok(["stop", "length"].includes(reason));
});

test("throws a BadRequestError that names the parameter", async () => {
  await assert.rejects(client.chat.completions.create({...greedy, temperature: 99}), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.status, 400);
    assert.equal(error.param, "temperature");
    assert.equal(error.type, "invalid_request_error");
    return true;
  });
});

test("throws a NotFoundError for a model that is not served", async () => {
  await assert.rejects(client.chat.completions.create({...greedy, model: "gpt-none"}), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    assert.ok(error.message.includes(model));
    return true;
  });
});

test("refuses a prompt that is longer than the context, with the numbers", async () => {
  const content = "word ".repeat((await client.models.retrieve(model)).max_model_len + 100);
  await assert.rejects(
    client.chat.completions.create({...greedy, messages: [{role: "user", content}]}), (error) => {
      assert.equal(error.status, 400);
      assert.equal(error.code, "context_length_exceeded");
      return true;
    });
});

test("cancels the sequence of a stream that is aborted", async () => {
  const aborted = await metric('vllm:request_success_total{model_name="' + model +
                               '",finished_reason="abort"}');
  const stream = await client.chat.completions.create(
    {model, messages: [{role: "user", content: "slow"}], stream: true, ignore_eos: true});
  for await (const chunk of stream) {
    if (!chunk.choices[0]?.delta.content) continue;
    stream.controller.abort();
    break;
  }
  assert.ok(await eventually(async () => await metric("vllm:num_requests_running") === 0));
  const after = await metric('vllm:request_success_total{model_name="' + model +
                             '",finished_reason="abort"}');
  assert.ok(after > aborted);
});

test("cancels the sequence of an answer that is aborted before it came", async () => {
  const controller = new AbortController();
  const answer = client.chat.completions.create(
    {model, messages: [{role: "user", content: "slow"}], ignore_eos: true},
    {signal: controller.signal});
  await eventually(async () => await metric("vllm:num_requests_running") > 0);
  controller.abort();
  await assert.rejects(answer, OpenAI.APIUserAbortError);
  assert.ok(await eventually(async () => await metric("vllm:num_requests_running") === 0));
});

const question = {model, input: messages[0].content, temperature: 0, max_output_tokens: 16};

test("responds, and streams the same response with all its events", async () => {
  const whole = await client.responses.create(question);
  assert.match(whole.id, /^resp_/);
  assert.ok(whole.output_text.length > 0);
  assert.ok(["completed", "incomplete"].includes(whole.status));
  assert.equal(whole.usage.total_tokens, whole.usage.input_tokens + whole.usage.output_tokens);
  let text = "", number = 0, last;
  const types = [];
  for await (const event of await client.responses.create({...question, stream: true})) {
    assert.equal(event.sequence_number, number++);
    types.push(event.type);
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.equal(text, whole.output_text);
  assert.equal(last.response.status, whole.status);
  assert.equal(last.response.usage.output_tokens, whole.usage.output_tokens);
  assert.equal(last.response.output.at(-1).content[0].text, text);
  assert.deepEqual(types.slice(0, 2), ["response.created", "response.in_progress"]);
  for (const type of ["output_item.added", "content_part.added", "output_text.done",
                      "content_part.done", "output_item.done"]) {
    assert.ok(types.includes(`response.${type}`), type);
  }
});

test("puts a response together with the client's stream helper", async () => {
  const whole = await client.responses.create(question);
  const stream = client.responses.stream(question);
  for await (const event of stream) assert.ok(event.type.startsWith("response."));
  const {output} = await stream.finalResponse();
  assert.equal(output.at(-1).content[0].text, whole.output_text);
});

test("goes on from a stored response until it is forgotten", async () => {
  const first = await client.responses.create(question);
  const kept = await client.responses.retrieve(first.id);
  assert.deepEqual(kept.output, first.output);
  const next = {model, input: "And of Spain?", previous_response_id: first.id};
  const second = await client.responses.create({...next, temperature: 0, max_output_tokens: 4});
  assert.ok(second.usage.input_tokens > first.usage.input_tokens);
  const counted = await client.responses.inputTokens.count(next);
  assert.equal(counted.input_tokens, second.usage.input_tokens);
  const items = [];
  for await (const item of client.responses.inputItems.list(second.id, {order: "asc", limit: 2})) {
    items.push(item.role);
  }
  assert.deepEqual(items, ["user", "assistant", "user"]);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create(next), (error) => {
    assert.equal(error.param, "previous_response_id");
    return error instanceof OpenAI.BadRequestError;
  });
});

test("takes a call and its result as items, and gives errors in the client's form", async () => {
  const answer = await client.responses.create({
    ...question, store: false,
    tools: [{type: "function", name: "capital", parameters: {type: "object"}, strict: false}],
    input: [{role: "user", content: "What is the capital of France?"},
            {type: "function_call", call_id: "call_1", name: "capital", arguments: '{"of":"France"}'},
            {type: "function_call_output", call_id: "call_1", output: "Paris"}]});
  assert.ok(answer.output.length > 0);
  await assert.rejects(client.responses.retrieve(answer.id), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({...question, temperature: 99}), (error) =>
    error instanceof OpenAI.BadRequestError && error.param === "temperature");
});
