#!/usr/bin/env python3
"""What docs/reference promises of the command line: exit codes, JSON shapes, numbers that fit together."""
import concurrent.futures
import json
import math
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import gguf_writer as gguf
from program import BINARY, EMPTY_HOME, run, write

FOLDER = tempfile.TemporaryDirectory()
MODEL = write(FOLDER.name, "tiny.gguf", gguf.tiny_llama().bytes())


class Usage(unittest.TestCase):
    def test_help_and_version_succeed(self):
        for arguments in [("help",), ("--help",), ("help", "serve"), ("serve", "--help"), ("--version",)]:
            outcome = run(*arguments)
            self.assertEqual(outcome.code, 0, outcome)
            self.assertTrue(outcome.stdout.strip())

    def test_wrong_usage_is_exit_code_3(self):
        for arguments in [("nonsense",), ("score", "--nonsense"), ("score", "--model", MODEL), ("serve", "--port", "70000"),
                          ("bench", "--model", MODEL, "--repeat", "x"), ("bench", MODEL, "--model", MODEL), ("help", "nonsense"),
                          ("score", "--model", MODEL, "--tokens", "1,x")]:
            outcome = run(*arguments)
            self.assertEqual(outcome.code, 3, f"{arguments}: {outcome}")
            self.assertEqual(outcome.stdout, "")
            self.assertIn("freehold: ", outcome.stderr)

    def test_errors_are_json_when_asked(self):
        outcome = run("score", "--model", MODEL, "--nonsense", "--json")
        self.assertEqual(outcome.code, 3)
        self.assertEqual(set(outcome.json()["error"]), {"code", "message", "hint"})

    def test_a_model_that_is_not_there(self):
        self.assertEqual(run("inspect", "/nonexistent/model.gguf", "--json").code, 4)
        outcome = run("score", "--model", "smollm2-135m-instruct", "--tokens", "1", "--json")
        self.assertEqual(outcome.code, 5, outcome)
        self.assertIn("pull", outcome.json()["error"]["hint"])

    def test_the_store_is_empty_in_a_new_home(self):
        outcome = run("list", "--json")
        self.assertEqual((outcome.code, outcome.json()), (0, {"models": []}))


class Score(unittest.TestCase):
    def test_shape_and_sums(self):
        outcome = run("score", "--model", MODEL, "--tokens", "104,101,108,108,111", "--top", "5", "--greedy", "7", "--json")
        self.assertEqual(outcome.code, 0, outcome)
        result = outcome.json()
        self.assertEqual([t["id"] for t in result["tokens"]], [104, 101, 108, 108, 111])
        self.assertIsNone(result["tokens"][0]["logprob"])
        self.assertEqual(result["tokens"][0]["top"], [])
        for token in result["tokens"][1:]:
            self.assertLess(token["logprob"], 0)
            logprobs = [t["logprob"] for t in token["top"]]
            self.assertEqual(len(logprobs), 5)
            self.assertEqual(logprobs, sorted(logprobs, reverse=True))
        self.assertEqual(len(result["next"]), 5)
        self.assertEqual(len(result["greedy"]), 7)
        self.assertEqual(result["greedy"][0], result["next"][0]["id"])

    def test_all_probabilities_sum_to_one(self):
        result = run("score", "--model", MODEL, "--tokens", "1,2", "--top", "260", "--json").json()
        for distribution in [result["tokens"][1]["top"], result["next"]]:
            self.assertAlmostEqual(sum(math.exp(t["logprob"]) for t in distribution), 1, places=5)

    def test_without_greedy_there_is_no_such_key(self):
        self.assertNotIn("greedy", run("score", "--model", MODEL, "--tokens", "1,2", "--json").json())

    def test_text_and_its_tokens_score_the_same(self):
        by_text = run("score", "--model", MODEL, "--text", "-", "--json", stdin="hello world").json()
        ids = ",".join(str(t["id"]) for t in by_text["tokens"])
        by_ids = run("score", "--model", MODEL, "--tokens", ids, "--json").json()
        self.assertEqual(by_text["tokens"], by_ids["tokens"])

    def test_ids_outside_the_vocabulary_are_invalid(self):
        for ids in ["1,99999", "-1"]:
            self.assertIn(run("score", "--model", MODEL, f"--tokens={ids}", "--json").code, (3, 4))

    def test_kernels_agree(self):
        results = []
        for kernels in ["scalar", ""]:
            environment = {"FREEHOLD_KERNELS": kernels} if kernels else {}
            results.append(run("score", "--model", MODEL, "--tokens", "1,2,3,4", "--json", environment=environment).json())
        for a, b in zip(results[0]["tokens"][1:], results[1]["tokens"][1:]):
            self.assertAlmostEqual(a["logprob"], b["logprob"], places=5)


class Text(unittest.TestCase):
    def test_tokens_cover_the_text(self):
        text = "hello, wörld\n"
        result = run("tokenize", "--model", MODEL, "--json", stdin=text).json()
        raw = text.encode()
        self.assertEqual(b"".join(raw[t["start"]:t["end"]] for t in result["tokens"]), raw)
        self.assertEqual(result["ids"], [t["id"] for t in result["tokens"]])
        back = run("tokenize", "--decode", "--model", MODEL, "--json", stdin=json.dumps(result["ids"])).json()
        self.assertEqual(back["text"], text)

    def test_special_names_are_letters_unless_asked(self):
        plain = run("tokenize", "--model", MODEL, "--json", stdin="<|end|>").json()["ids"]
        parsed = run("tokenize", "--model", MODEL, "--parse-special", "--json", stdin="<|end|>").json()["ids"]
        self.assertEqual(parsed, [259])
        self.assertNotIn(259, plain)

    def test_render_is_the_prompt_itself(self):
        request = json.dumps({"messages": [{"role": "user", "content": "hi"}]})
        outcome = run("render", "--model", MODEL, stdin=request)
        self.assertEqual((outcome.code, outcome.stdout), (0, "user: hi\nassistant:"))

    def test_inspect_says_what_the_file_is(self):
        result = run("inspect", MODEL, "--json").json()
        self.assertEqual(result["format"], "gguf")
        self.assertEqual(result["architecture"], "llama")
        self.assertEqual(result["context_length"], 64)
        self.assertEqual(result["tensors"], {"count": 20, "types": {"F32": 20}})
        self.assertEqual(result["bytes"], MODEL.stat().st_size)
        self.assertTrue(result["chat_template"])
        self.assertEqual(len(result["sha256"]), 64)

    def test_the_same_seed_gives_the_same_text(self):
        def text(seed):
            return run("complete", "--model", MODEL, "--seed", seed, "--temperature", "1", "-n", "12", "--json", "hello").json()["text"]
        self.assertEqual(text(1), text(1))
        self.assertNotEqual(text(1), text(2))


class Bench(unittest.TestCase):
    def test_shape(self):
        result = run("bench", "--model", MODEL, "--prompt", "16", "--generate", "4", "--depth", "8", "--batch", "2",
                     "--repeat", "1", "--json").json()
        for key in ["model", "weights_bytes", "threads", "machine", "load_ms", "peak_rss_bytes", "prefill", "decode"]:
            self.assertIn(key, result)
        self.assertGreater(result["machine"]["read_gb_s"], 0.1)
        self.assertGreater(result["machine"]["int8_gops"], 1)
        self.assertGreater(result["prefill"]["tokens_per_s"], 0)
        self.assertEqual((result["decode"]["batch"], result["decode"]["depth"]), (2, 8))
        decode = result["decode"]
        self.assertGreater(decode["bytes_per_token"], result["weights_bytes"] / 2)  # two share the weights
        self.assertAlmostEqual(decode["gb_s"], decode["bytes_per_token"] * decode["tokens_per_s"] * 1e-9)
        self.assertAlmostEqual(decode["share_of_bandwidth"], decode["gb_s"] / result["machine"]["read_gb_s"])

    def bench(self, *arguments, prompt=16, generate=4):
        return run("bench", "--model", MODEL, "--prompt", prompt, "--generate", generate, "--repeat", "2", "--json", *arguments)

    def test_medians_are_of_the_runs(self):
        result = self.bench("--threads", "1").json()
        self.assertEqual(result["threads"], 1)
        for part in ["prefill", "decode"]:
            runs = result[part]["runs"]
            self.assertEqual(len(runs), 2)
            self.assertAlmostEqual(result[part]["tokens_per_s"], sum(runs) / 2)

    def test_what_was_not_measured_is_null(self):
        self.assertIsNone(self.bench(prompt=0).json()["prefill"])
        self.assertIsNone(self.bench(generate=0).json()["decode"])
        self.assertEqual(self.bench(prompt=0, generate=0).code, 3)

    def test_compares_with_an_earlier_result(self):
        before = self.bench().json()
        path = write(FOLDER.name, "before.json", json.dumps(before))
        same = self.bench("--compare", path, "--tolerance", "100")
        self.assertEqual((same.code, same.json()["comparison"]["decision"]), (0, "pass"))
        self.assertGreater(same.json()["comparison"]["decode"]["ratio"], 0)

        faster = json.loads(json.dumps(before))
        faster["prefill"]["tokens_per_s"] *= 1e6
        outcome = self.bench("--compare", write(FOLDER.name, "faster.json", json.dumps(faster)), "--tolerance", "99")
        self.assertEqual((outcome.code, outcome.json()["comparison"]["decision"]), (1, "slower"))
        self.assertIn("prefill fell by", outcome.json()["comparison"]["reason"])
        self.assertNotIn("decode fell by", outcome.json()["comparison"]["reason"])

        other = dict(before, machine=dict(before["machine"], kind="another"))
        outcome = self.bench("--compare", write(FOLDER.name, "other.json", json.dumps(other)))
        self.assertEqual((outcome.code, outcome.json()["comparison"]["decision"]), (2, "not_comparable"))
        self.assertIn("machine.kind", outcome.json()["comparison"]["reason"])
        self.assertEqual(self.bench("--compare", path, "--depth", "2").code, 2)

    def test_a_file_that_is_no_result_is_refused_before_anything_is_measured(self):
        for content in ["", "{", "[]", "{}", json.dumps({"machine": {"cpu": "x"}, "threads": 2})]:
            outcome = self.bench("--compare", write(FOLDER.name, "wrong.json", content))
            self.assertEqual((outcome.code, outcome.json()["error"]["code"]), (4, "invalid"), content)
        for tolerance in ["-1", "101", "nan", "x"]:
            self.assertEqual(self.bench("--tolerance", tolerance).code, 3, tolerance)


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([BINARY, "serve", "--model", str(MODEL), "--port", "0", "--json"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                      env=dict(os.environ, FREEHOLD_HOME=EMPTY_HOME.name))
        cls.url = json.loads(cls.server.stdout.readline())["url"]

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGTERM)
        if cls.server.wait(30) != 0:
            raise AssertionError("SIGTERM did not end the server with exit code 0")
        cls.server.stdout.close()

    def test_health_and_models(self):
        with urllib.request.urlopen(self.url + "/health", timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        with urllib.request.urlopen(self.url + "/v1/models", timeout=10) as answer:
            self.assertEqual([m["id"] for m in json.load(answer)["data"]], ["tiny"])

    def test_eight_at_once_answer_as_alone(self):
        def ask(i):
            body = {"model": "tiny", "temperature": 0, "max_tokens": 24, "ignore_eos": True,
                    "messages": [{"role": "user", "content": "hello" * (i + 1)}]}
            return post(self.url + "/v1/chat/completions", body)["choices"][0]["message"]["content"]
        alone = [ask(i) for i in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as crew:
            together = list(crew.map(ask, range(8)))
        self.assertEqual(alone, together)

    def test_errors_have_openai_form(self):
        for body, status in [({"messages": []}, 400), ({"messages": [{"role": "user", "content": "x" * 1000}]}, 400),
                             ({"model": "nonesuch", "messages": [{"role": "user", "content": "x"}]}, 404)]:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                post(self.url + "/v1/chat/completions", body)
            with caught.exception as error:
                self.assertEqual(error.code, status)
                self.assertEqual(set(json.load(error)["error"]), {"message", "type", "param", "code"})

    def test_an_address_that_others_reach_asks_for_a_key(self):
        outcome = run("serve", "--model", MODEL, "--host", "0.0.0.0", "--port", "0", timeout=20)
        self.assertEqual(outcome.code, 3, outcome)
        self.assertIn("--insecure", outcome.stderr)

    def test_keys_are_asked_for_and_read_again(self):
        keys = write(FOLDER.name, "keys", b"first\n")
        server = subprocess.Popen([BINARY, "serve", "--model", str(MODEL), "--port", "0", "--json", "--api-key-file", str(keys)],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  env=dict(os.environ, FREEHOLD_HOME=EMPTY_HOME.name))
        try:
            url = json.loads(server.stdout.readline())["url"] + "/v1/models"

            def status(key):
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})) as answer:
                        return answer.status
                except urllib.error.HTTPError as error:
                    with error:
                        return error.code
            self.assertEqual((status("first"), status("second")), (200, 401))
            write(FOLDER.name, "keys", b"second\n")
            server.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while status("second") != 200 and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual((status("first"), status("second")), (401, 200))
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(30), 0)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_a_key_file_that_cannot_be_read(self):
        keys = write(FOLDER.name, "broken_keys", b"secret nonsense\n")
        outcome = run("serve", "--model", MODEL, "--port", "0", "--api-key-file", keys, timeout=20)
        self.assertEqual(outcome.code, 4, outcome)
        self.assertIn("line 1", outcome.stderr)
        self.assertNotIn("secret", outcome.stderr)

    def test_a_taken_port_is_an_absent_resource(self):
        port = re.search(r":(\d+)$", self.url).group(1)
        outcome = run("serve", "--model", MODEL, "--port", port, "--json", timeout=20)
        self.assertEqual(outcome.code, 5, outcome)


class Interrupting(unittest.TestCase):
    def test_ctrl_c_ends_a_completion_with_130(self):
        child = subprocess.Popen([BINARY, "complete", "--model", str(MODEL), "-n", "100000", "--json", "x"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=dict(os.environ, FREEHOLD_HOME=EMPTY_HOME.name))
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
        # Too early a signal finds no handler yet, too late a one no work.
        self.assertIn(child.returncode, (130, 0, -signal.SIGINT))


if __name__ == "__main__":
    unittest.main()
