#!/usr/bin/env python3
"""Says where Freehold's prompts differ from those of the package `transformers`.

    tools/compare_templates.py FOLDER [--freehold BINARY]

Every *.jinja file and every tokenizer_config.json with a chat template at or below FOLDER is given
the conversations below; both must write the same prompt or both refuse. Ends with 1 when anything
differs. Needs the packages transformers==5.24.0 and jinja2==3.1.6.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from transformers.utils.chat_template_utils import render_jinja_template

from tiny_checkpoint import make_checkpoint

TOOL = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a place.", "parameters": {
        "type": "object", "required": ["place"], "properties": {
            "place": {"type": "string", "description": "A town."},
            "days": {"type": "integer", "enum": [1, 2, 3]}}}}}
USER = {"role": "user", "content": "How is the weather in Zürich? <b>&'\"</b>"}
SYSTEM = {"role": "system", "content": "  You are brief.\n"}
ANSWER = {"role": "assistant", "content": "Sunny."}
THOUGHT = {"role": "assistant", "content": "<think>\nLet me see.\n</think>\n\nSunny.",
           "reasoning_content": "Let me see."}
CALL = {"role": "assistant", "content": "", "tool_calls": [{
    "id": "call_1", "type": "function",
    "function": {"name": "weather", "arguments": {"place": "Zürich", "days": 2}}}]}
OUTCOME = {"role": "tool", "tool_call_id": "call_1", "name": "weather", "content": "{\"sky\": \"blue\"}"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]}
AGAIN = {"role": "user", "content": "你好！ And tomorrow? 😀"}

CONVERSATIONS = {
    "a question": dict(messages=[USER]),
    "a system message": dict(messages=[SYSTEM, USER]),
    "no prompt to answer": dict(messages=[SYSTEM, USER, ANSWER], add_generation_prompt=False),
    "several turns": dict(messages=[SYSTEM, USER, ANSWER, AGAIN]),
    "reasoning": dict(messages=[USER, THOUGHT, AGAIN]),
    "thinking off": dict(messages=[USER], chat_template_kwargs={"enable_thinking": False}),
    "tools": dict(messages=[SYSTEM, USER], tools=[TOOL]),
    "a call": dict(messages=[USER, CALL, OUTCOME], tools=[TOOL]),
    "a call answered": dict(messages=[SYSTEM, USER, CALL, OUTCOME, ANSWER, AGAIN], tools=[TOOL]),
    "content in parts": dict(messages=[PARTS]),
    "two questions": dict(messages=[USER, AGAIN]),
    "an answer first": dict(messages=[ANSWER, USER]),
}
SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def by_transformers(source, special, chat):
    try:
        prompts, _ = render_jinja_template(
            [chat["messages"]], tools=chat.get("tools"), chat_template=source,
            add_generation_prompt=chat.get("add_generation_prompt", True), **special,
            **chat.get("chat_template_kwargs", {}))
        return prompts[0]
    except Exception:  # noqa: BLE001  # any error of the reference is a refusal
        return None


def by_freehold(freehold, options, chat):
    done = subprocess.run([freehold, "render", *options], input=json.dumps(chat).encode(),
                          capture_output=True, check=False)
    if done.returncode not in (0, 4):
        raise SystemExit(f"freehold render ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode() if done.returncode == 0 else None


def templates(folder, place):
    """(path, {None or "tool_use": source}, special tokens, freehold's options) of each template."""
    for path in sorted(folder.rglob("*.jinja")):
        yield path, {None: path.read_text(encoding="utf-8")}, {}, ["--template", path]
    for path in sorted(folder.rglob("tokenizer_config.json")):
        config = json.loads(path.read_text(encoding="utf-8"))
        source = config.get("chat_template")
        if source is None:
            continue
        named = {None: source} if isinstance(source, str) else {
            None if entry["name"] == "default" else entry["name"]: entry["template"]
            for entry in source}
        special = {name: token.get("content") if isinstance(token, dict) else token
                   for name in SPECIAL if (token := config.get(name)) is not None}
        model = pathlib.Path(tempfile.mkdtemp(dir=place))
        make_checkpoint(path.parent, model)
        yield path, named, special, ["--model", model]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--freehold", default="build/release/freehold")
    given = arguments.parse_args()
    count = wrong = 0
    with tempfile.TemporaryDirectory() as place:
        for path, named, special, options in templates(given.folder, place):
            count += 1
            differ = []
            for name, chat in CONVERSATIONS.items():
                tools = "tool_use" if chat.get("tools") and "tool_use" in named else None
                wanted = by_transformers(named[tools], special, chat)
                got = by_freehold(given.freehold, options, chat)
                if got != wanted:
                    differ.append(f"  {name}: {got!r}\n  not {wanted!r}")
            wrong += len(differ)
            print(f"{path}: {len(CONVERSATIONS)} conversations, {len(differ)} differ", flush=True)
            print(*differ[:2], sep="\n", end="\n" if differ else "")
    if count == 0:
        raise SystemExit(f"no template below {given.folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
