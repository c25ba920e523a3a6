"""Ollama's package for Python, unmodified, against the server at FREEHOLD_URL."""
import os
import unittest

import ollama

client = ollama.Client(host=os.environ["FREEHOLD_URL"])
MODEL = client.list().models[0].model
QUESTION = {"model": MODEL, "options": {"temperature": 0, "num_predict": 16},
            "messages": [{"role": "user", "content": "What is the capital of France? Answer briefly."}]}


class Ollama(unittest.TestCase):
    def test_streams_the_text_that_it_answers_whole(self):
        whole = client.chat(**QUESTION)
        text = "".join(piece.message.content for piece in client.chat(stream=True, **QUESTION))
        self.assertGreater(len(text), 0)
        self.assertEqual(text, whole.message.content)

    def test_generates_and_shows(self):
        answer = client.generate(model=MODEL, prompt="Once upon", options={"num_predict": 4})
        self.assertIn(answer.done_reason, ("stop", "length"))
        self.assertIn("completion", client.show(MODEL).capabilities)

    def test_raises_what_is_wrong(self):
        with self.assertRaises(ollama.ResponseError) as raised:
            client.chat(model="none", messages=QUESTION["messages"])
        self.assertEqual(raised.exception.status_code, 404)


if __name__ == "__main__":
    unittest.main()
