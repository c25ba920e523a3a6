#!/usr/bin/env python3
"""How bench/peers reads what the engines print (recorded in recordings/), and what it makes of samples."""
import dataclasses
import json
import pathlib
import sys
import tempfile
import unittest

import engines
import machine
import plan
import report
import run as bench

RECORDINGS = pathlib.Path(__file__).parent / "recordings"


def ended(stdout, code=0, stderr=""):
    return machine.Run(stdout, stderr, code, wall_s=1.5, peak_rss_bytes=7 << 20, foreign_cpu=0)


def recorded(name):
    return ended((RECORDINGS / name).read_text())


def case(kind, **settings):
    return plan.Case("test", kind, **settings)


def read(engine, kind, run):
    return engines.read(case(kind), engines.Contender(engine), run)


class Reading(unittest.TestCase):
    def test_llama_bench(self):
        self.assertEqual(read("llama.cpp", "prefill", recorded("llama-bench-prefill.json")).value, 9.687723)
        self.assertEqual(read("llama.cpp", "decode", recorded("llama-bench-depth.json")).value, 0.579501)

    def test_llama_batched_bench(self):
        sample = read("llama.cpp", "batch", recorded("llama-batched-bench.jsonl"))
        self.assertEqual(sample.value, 2.635855)
        self.assertEqual(sample.facts["prefill_tokens_per_s"], 18.973454)

    def test_times_and_memory_of_the_peer_are_those_of_its_process(self):
        run = recorded("llama-bench-memory.json")
        self.assertEqual(read("llama.cpp", "load", run).value, 1500)
        self.assertEqual(read("llama.cpp", "memory", run).value, 7 << 20)

    def test_freehold_bench(self):
        run = recorded("freehold-bench.json")
        document = json.loads(run.stdout)
        prefill, decode = read("freehold", "prefill", run), read("freehold", "decode", run)
        self.assertEqual(prefill.value, document["prefill"]["tokens_per_s"])
        self.assertEqual(prefill.facts["share_of_peak"], document["prefill"]["share_of_peak"])
        self.assertEqual(decode.value, document["decode"]["tokens_per_s"])
        self.assertEqual(decode.facts["read_gb_s"], document["machine"]["read_gb_s"])
        memory = engines.read(case("memory", prompt=100, generate=document["decode"]["tokens"]),
                              engines.Contender("freehold"), run)
        self.assertEqual(memory.value, document["peak_rss_bytes"])
        self.assertGreater(memory.facts["cache_bytes"], 0)

    def test_openvino_may_chat_before_its_document(self):
        self.assertEqual(read("openvino", "batch", recorded("openvino-batch.txt")).value, 12.5)
        self.assertEqual(read("openvino", "load", recorded("openvino-load.txt")).value, 1281.5)

    def test_what_is_no_result_is_an_error_that_quotes_the_engine(self):
        for engine, kind, run in [("llama.cpp", "prefill", ended("", 1, "error: no such model")),
                                  ("llama.cpp", "batch", ended("warming up\n", stderr="killed: no such model")),
                                  ("llama.cpp", "prefill", ended("[]\n", stderr="no such model")),
                                  ("freehold", "decode", ended('{"decode":null}', stderr="no such model")),
                                  ("openvino", "prefill", ended('{"tokens_', stderr="no such model"))]:
            with self.assertRaises(engines.Unreadable) as raised:
                read(engine, kind, run)
            self.assertIn("no such model", str(raised.exception))


class Commands(unittest.TestCase):
    def test_every_engine_is_asked_for_the_same(self):
        batch = plan.CASES["batch-8"]
        ours = engines.freehold_command("freehold", "m", batch, engines.Contender("freehold"))
        theirs = engines.llama_command("bin", "m", batch, engines.Contender("llama.cpp"))
        self.assertIn("--batch 8", " ".join(ours))
        self.assertIn("--depth 128", " ".join(ours))
        self.assertIn("-npp 128 -ntg 16 -npl 8", " ".join(theirs))
        self.assertIn(f"-c {8 * (128 + 16)}", " ".join(theirs))

    def test_a_deep_decode_lets_the_peer_choose_its_best_setting(self):
        labels = [one.label for one in engines.contenders(plan.CASES["decode-4096"], ["f16", "int8"], None)]
        self.assertEqual(labels, ["freehold f16", "freehold int8", "llama.cpp flash", "llama.cpp no flash",
                                  "llama.cpp flash, q8_0 kv"])

    def test_contention_is_also_measured_with_one_thread(self):
        threads = [(one.engine, one.threads) for one in engines.contenders(plan.CASES["contended"], [], None)]
        self.assertIn(("freehold", 1), threads)
        self.assertIn(("llama.cpp", 2), threads)


class Ratios(unittest.TestCase):
    def test_a_slow_round_does_not_count_against_either(self):
        self.assertEqual(report.paired_ratio([200, 20, 210], [100, 10, 100]), 2.0)

    def test_a_failed_sample_takes_its_round_away(self):
        self.assertEqual(report.paired_ratio([None, 30, 10], [10, 10, None]), 3.0)
        self.assertIsNone(report.paired_ratio([None], [1]))

    def entries(self, **samples):
        names = {"ours": ("freehold", ""), "flash": ("llama.cpp", "flash"), "plain": ("llama.cpp", "plain")}
        return {f"{names[key][0]} {names[key][1]}".strip():
                {"engine": names[key][0], "variant": names[key][1], "threads": plan.THREADS, "samples": values,
                 "peak_rss_bytes": 0} for key, values in samples.items()}

    def row(self, one, entries, kind="Q4_K_M"):
        return report.row("0.6b", kind, one, entries, "zen3",
                          {"date": "2026-11-24", "rounds": 2, "load_before": 0, "foreign_cpu": 0})

    def test_the_peers_best_setting_is_what_counts(self):
        made = self.row(plan.CASES["decode-4096"], self.entries(ours=[20, 20], flash=[8, 8], plain=[10, 10]))
        self.assertEqual([(one["peer"], one["ratio"], one["goal"]) for one in made["ratios"]],
                         [("llama.cpp plain", 2.0, 2.0)])
        self.assertIn("≥ 2.0: met", report.text(made))

    def test_less_memory_is_better(self):
        made = self.row(plan.CASES["load"], self.entries(ours=[300, 300], flash=[1000, 1000], plain=[900, 1000]))
        self.assertEqual(made["ratios"][0]["peer"], "llama.cpp plain")
        self.assertIn("≤ 0.2: missed", report.text(made))

    def test_our_own_share_of_the_limit_is_held_against_its_goal(self):
        entries = self.entries(ours=[20, 20, 20])
        entries["freehold"]["facts"] = {"share_of_bandwidth": [0.9, 0.5, 0.86]}
        self.assertIn("86 % of bandwidth (≥ 85 %: met)", report.text(self.row(plan.CASES["decode-0"], entries)))

    def test_memory_is_held_against_file_and_cache(self):
        entries = self.entries(ours=[230.0])
        entries["freehold"]["facts"] = {"cache_bytes": [100]}
        made = report.row("0.6b", "Q4_K_M", plan.CASES["memory"], entries, "zen3",
                          {"rounds": 1, "foreign_cpu": 0, "file_bytes": 100})
        self.assertIn("115 % of file and cache (≤ 110 %: missed)", report.text(made))

    def test_a_contender_that_failed_is_shown_and_not_compared(self):
        entries = self.entries(ours=[20, 20], flash=[None, None])
        entries["llama.cpp flash"]["error"] = "exit code 1"
        made = self.row(plan.CASES["decode-4096"], entries)
        self.assertEqual(made["ratios"], [])
        self.assertIn("failed", report.text(made))


class Results(unittest.TestCase):
    def test_a_case_measured_again_replaces_itself_and_no_other(self):
        def one(name, value):
            return {"model": "0.6b", "type": "Q8_0", "case": name, "contenders": {
                "freehold": {"facts": {"read_gb_s": [value]}}}}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "results/peers-zen3.json"
            report.write(path, {"threads": 2}, [one("decode-0", 20), one("prefill-512", 22)])
            report.write(path, {"threads": 2}, [one("decode-0", 24)])
            kept = json.loads(path.read_text())
        self.assertEqual([each["case"] for each in kept["rows"]], ["prefill-512", "decode-0"])
        self.assertEqual(kept["limits"]["read_gb_s"]["median"], 23)

    def test_committed_results_are_readable(self):
        for path in (RECORDINGS.parents[2] / "bench/results").glob("peers-*.json"):
            for one in json.loads(path.read_text())["rows"]:
                self.assertIn(one["case"], plan.CASES)
                self.assertIn(one["model"], plan.MODELS)
                self.assertIn(one["type"], report.text(one))


try:
    import accuracy
    import numpy
except ImportError:
    accuracy = None


@unittest.skipUnless(accuracy, "needs numpy, which bench/peers/accuracy.sh installs for itself")
class Divergence(unittest.TestCase):
    def test_it_is_in_nats_and_does_not_depend_on_what_logits_add_up_to(self):
        even, skewed = numpy.float32([[0, 0]]), numpy.float32([[100, 100 + numpy.log(3)]])
        self.assertAlmostEqual(accuracy.divergences(even, skewed)[0], 0.5 * numpy.log(2) + 0.5 * numpy.log(2 / 3), 5)
        self.assertAlmostEqual(accuracy.divergences(skewed, skewed + 7)[0], 0, 9)

    def test_agreement_is_of_the_likeliest_token(self):
        same = accuracy.agreements(numpy.float32([[1, 2], [2, 1]]), numpy.float32([[1, 3], [1, 2]]))
        self.assertEqual(list(same), [True, False])
        made = accuracy.summary(numpy.arange(101) / 100, numpy.arange(4) > 0)
        for key, value in {"mean_kl": 0.5, "median_kl": 0.5, "p99_kl": 0.99}.items():
            self.assertAlmostEqual(made[key], value)
        self.assertEqual(made["top1_agreement"], 0.75)

    def test_a_difference_within_its_noise_is_no_miss(self):
        theirs = numpy.arange(1, 101) / 100
        self.assertEqual(accuracy.verdict(accuracy.compared(theirs * 0.9, theirs)), "met")
        self.assertEqual(accuracy.verdict(accuracy.compared(theirs * 1.1, theirs)), "missed")
        noisy = theirs + numpy.tile([0.3, -0.29], 50)
        self.assertEqual(accuracy.verdict(accuracy.compared(noisy, theirs)), "no difference to be seen")

    def test_the_text_is_real_and_long_enough(self):
        self.assertGreater(len(accuracy.read_text()), 4 * accuracy.WINDOW * 8)


class Plan(unittest.TestCase):
    def test_goals_are_those_of_the_issue(self):
        for wanted, asked in [(2.5, ("zen3", "0.6b", "Q4_0", "prefill-512", "", "llama.cpp")),
                              (1.3, ("zen4", "4b", "Q4_K_M", "prefill-512", "", "openvino")),
                              (4.0, ("zen4", "0.6b", "Q8_0", "prefill-512", "", "llama.cpp")),
                              (2.8, ("zen3", "0.6b", "Q8_0", "decode-4096", "int8", "llama.cpp")),
                              (2.0, ("zen4", "0.6b", "Q8_0", "decode-4096", "f16", "llama.cpp")),
                              (1.3, ("zen3", "moe", "Q8_0", "decode-0", "", "llama.cpp")),
                              (1.3, ("zen4", "0.6b", "Q4_K_M", "batch-8", "", "openvino")),
                              (None, ("zen5", "0.6b", "Q4_0", "prefill-512", "", "llama.cpp"))]:
            self.assertEqual(plan.goal(*asked), wanted, asked)

    def test_quick_names_what_there_is(self):
        self.assertLessEqual(set(plan.QUICK_CASES), set(plan.CASES))
        self.assertLessEqual(set(plan.QUICK_MODELS), set(plan.MODELS))
        for name in plan.QUICK_MODELS:
            self.assertLessEqual(set(plan.QUICK_TYPES), set(plan.MODELS[name].types))
        for one in plan.CASES.values():
            self.assertTrue(dataclasses.is_dataclass(one))
            self.assertIn(one.kind, {"prefill", "decode", "batch", "load", "memory"})


class Machine(unittest.TestCase):
    def test_busy_time_is_all_but_idle_and_waiting(self):
        self.assertEqual(machine.busy_ticks("cpu  10 20 30 1000 500 1 2 4 0 0\ncpu0 1 1 1 1\n"), 67)

    def test_a_process_is_measured_from_start_to_end(self):
        run = machine.run([sys.executable, "-c", "print('x' * 3)"])
        self.assertEqual((run.stdout, run.code), ("xxx\n", 0))
        self.assertGreater(run.peak_rss_bytes, 1 << 20)
        self.assertGreater(run.wall_s, 0)

    def test_a_process_that_does_not_end_is_ended(self):
        run = machine.run([sys.executable, "-c", "while True: pass"], timeout_s=0.2)
        self.assertEqual((run.code, run.timed_out), (-9, True))
        with self.assertRaises(engines.Unreadable) as raised:
            engines.read(case("decode"), engines.Contender("llama.cpp"), run)
        self.assertIn("no result within", str(raised.exception))

    def test_what_timed_out_sits_out_the_other_rounds(self):
        measuring = bench.Bench.__new__(bench.Bench)
        measuring.timeout_s = 0.2
        entry = {"samples": [], "peak_rss_bytes": 0}
        command = [sys.executable, "-c", "while True: pass"]
        for _ in range(3):
            measuring._sample(case("decode"), engines.Contender("llama.cpp"), command, entry)
        self.assertEqual(entry["samples"], [None, None, None])
        self.assertIn("no result within 0 s", entry["error"])


if __name__ == "__main__":
    unittest.main()
