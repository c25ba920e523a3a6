"""Anthropic's package for Python, unmodified, against the server at FREEHOLD_URL."""
import json
import os
import unittest
import urllib.request

import anthropic

URL = os.environ["FREEHOLD_URL"]
client = anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0)
with urllib.request.urlopen(URL + "/v1/models") as models:
    MODEL = json.load(models)["data"][0]["id"]
QUESTION = {"model": MODEL, "max_tokens": 16, "extra_body": {"temperature": 0},
            "messages": [{"role": "user", "content": "What is the capital of France? Answer briefly."}]}


class Anthropic(unittest.TestCase):
    def test_streams_the_text_that_it_answers_whole(self):
        whole = client.messages.create(**QUESTION)
        with client.messages.stream(**QUESTION) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(text, whole.content[0].text)
        self.assertEqual(final.usage.output_tokens, whole.usage.output_tokens)

    def test_counts_tokens(self):
        counted = client.messages.count_tokens(model=MODEL, messages=QUESTION["messages"])
        self.assertGreater(counted.input_tokens, 0)

    def test_raises_what_is_wrong(self):
        with self.assertRaises(anthropic.NotFoundError):
            client.messages.create(**dict(QUESTION, model="none"))


if __name__ == "__main__":
    unittest.main()
