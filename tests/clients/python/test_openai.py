"""The openai package for Python, unmodified, against the server at FREEHOLD_URL."""
import os
import unittest

import openai

client = openai.OpenAI(base_url=os.environ["FREEHOLD_URL"] + "/v1", api_key="none", max_retries=0)
MODEL = client.models.list().data[0].id
MESSAGES = [{"role": "user", "content": "What is the capital of France? Answer briefly."}]
GREEDY = {"model": MODEL, "temperature": 0}


class OpenAi(unittest.TestCase):
    def test_streams_the_text_that_it_answers_whole(self):
        whole = client.chat.completions.create(messages=MESSAGES, max_tokens=16, **GREEDY)
        self.assertGreater(len(whole.choices[0].message.content), 0)
        stream = client.chat.completions.create(messages=MESSAGES, max_tokens=16, stream=True, **GREEDY)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        self.assertEqual(text, whole.choices[0].message.content)

    def test_completes_text(self):
        answer = client.completions.create(prompt="Once upon", max_tokens=4, **GREEDY)
        self.assertIn(answer.choices[0].finish_reason, ("stop", "length"))

    def test_responds_streams_and_goes_on_from_a_response(self):
        question = dict(GREEDY, input=MESSAGES[0]["content"], max_output_tokens=16)
        whole = client.responses.create(**question)
        self.assertGreater(len(whole.output_text), 0)
        with client.responses.stream(**question) as stream:
            events = list(stream)
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        self.assertIn(events[-1].type, ("response.completed", "response.incomplete"))
        self.assertEqual(events[-1].response.output_text, text)
        self.assertEqual(text, whole.output_text)
        second = client.responses.create(**dict(question, input="And of Spain?", previous_response_id=whole.id))
        self.assertGreater(second.usage.input_tokens, whole.usage.input_tokens)
        self.assertEqual(client.responses.retrieve(whole.id).output_text, whole.output_text)
        client.responses.delete(whole.id)
        with self.assertRaises(openai.NotFoundError):
            client.responses.retrieve(whole.id)

    def test_raises_what_is_wrong(self):
        with self.assertRaises(openai.BadRequestError) as raised:
            client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=99)
        self.assertEqual(raised.exception.param, "temperature")


if __name__ == "__main__":
    unittest.main()
