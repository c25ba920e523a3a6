"""Samples taken in turns become medians and paired ratios; these become a table and a JSON file."""
import json
import statistics

import plan


def paired_ratio(ours, theirs):
    """The median over the rounds of ours/theirs: what a slow minute does to both cancels out.

    The lists hold one value a round, None where that sample failed; None when no round has both.
    """
    ratios = [a / b for a, b in zip(ours, theirs) if a is not None and b]
    return statistics.median(ratios) if ratios else None


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def best(entries, lower_is_better):
    """The label of the entry with the best median; None when none has one."""
    known = {label: entry["median"] for label, entry in entries.items()
             if entry["median"] is not None}
    if not known:
        return None
    return (min if lower_is_better else max)(known, key=known.get)


def row(model, kind, case, entries, cpu_kind, extra):
    """One case as it is kept: every contender's samples, and ours over each peer's best setting."""
    for entry in entries.values():
        entry["median"] = median(entry["samples"])
        _hold_against_goals(entry, case, cpu_kind, extra)
    ratios = []
    for label, entry in entries.items():
        if entry["engine"] != "freehold" or entry["threads"] != plan.THREADS:
            continue
        for peer in ("llama.cpp", "openvino"):
            theirs = best({name: other for name, other in entries.items()
                           if other["engine"] == peer and other["threads"] == plan.THREADS},
                          case.lower_is_better)
            if theirs is None or entry["median"] is None:
                continue
            ratios.append({
                "ours": label, "peer": theirs,
                "ratio": paired_ratio(entry["samples"], entries[theirs]["samples"]),
                "goal": plan.goal(cpu_kind, model, kind, case.name, entry["variant"], peer)})
    return {"model": model, "type": kind, "case": case.name, "unit": case.unit, **extra,
            "contenders": entries, "ratios": ratios}


def _hold_against_goals(entry, case, cpu_kind, extra):
    """Adds our shares of what the machine or the model sets as the limit, and their goals."""
    facts = entry.get("facts", {})
    if "share_of_bandwidth" in facts:
        goal = plan.SHARE_OF_BANDWIDTH.get(case.name, {}).get(cpu_kind)
        entry["share"] = {"of": "bandwidth", "is": median(facts["share_of_bandwidth"]),
                          "at_least": goal}
    elif "share_of_peak" in facts:
        entry["share"] = {"of": "int8 peak", "is": median(facts["share_of_peak"])}
    elif "cache_bytes" in facts and "file_bytes" in extra:
        needed = extra["file_bytes"] + median(facts["cache_bytes"])
        entry["share"] = {"of": "file and cache", "is": entry["median"] / needed,
                          "at_most": plan.MEMORY_OVER_FILE_AND_CACHE}


def number(value, unit):
    if value is None:
        return "failed"
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.0f} ms" if unit == "ms" else f"{value:.1f}"


def _share(entry):
    share = entry.get("share")
    if share is None:
        return ""
    shown = f"{share['is'] * 100:.0f} % of {share['of']}"
    if share.get("at_least"):
        met = share["is"] >= share["at_least"]
        shown += f" (≥ {share['at_least'] * 100:.0f} %: {'met' if met else 'missed'})"
    if share.get("at_most"):
        met = share["is"] <= share["at_most"]
        shown += f" (≤ {share['at_most'] * 100:.0f} %: {'met' if met else 'missed'})"
    return shown


def text(one):
    """The lines that show one row."""
    lines = [f"{one['model']} {one['type']} {one['case']}"
             f"  ({one['unit']}, {one['rounds']} rounds, foreign load {one['foreign_cpu']:.2f} CPU)"]
    for label, entry in one["contenders"].items():
        known = [value for value in entry["samples"] if value is not None]
        spread = f"{number(min(known), one['unit'])}–{number(max(known), one['unit'])}" \
            if known else entry.get("error", "")
        lines.append(f"  {label:28} {number(entry['median'], one['unit']):>10}"
                     f"  {spread:20} {_share(entry)}".rstrip())
    for ratio in one["ratios"]:
        if ratio["ratio"] is not None:
            lines.append(f"  {ratio['ours']} / {ratio['peer']}: {ratio['ratio']:.2f}"
                         + _verdict(ratio, one["unit"]))
    return "\n".join(lines)


def _verdict(ratio, unit):
    goal = ratio["goal"]
    if goal is None:
        return ""
    met = ratio["ratio"] >= goal if unit == "tokens/s" else ratio["ratio"] <= goal
    return f"  ({'≥' if unit == 'tokens/s' else '≤'} {goal}: {'met' if met else 'missed'})"


def limits(rows):
    """What the machine could do while all this ran, from the samples of Freehold in between."""
    found = {}
    for name in ("read_gb_s", "int8_gops"):
        values = [value for one in rows for entry in one["contenders"].values()
                  for value in entry.get("facts", {}).get(name, [])]
        if values:
            found[name] = {"median": statistics.median(values), "lowest": min(values),
                           "highest": max(values), "samples": len(values)}
    return found


def merged(old_rows, new_rows):
    """New rows take the place of old ones for the same model, type and case; others stay."""
    def key(one):
        return one["model"], one["type"], one["case"]
    rows = {key(one): one for one in old_rows}
    rows.update({key(one): one for one in new_rows})
    order = {name: i for i, name in enumerate(plan.CASES)}
    return sorted(rows.values(), key=lambda one: (
        list(plan.MODELS).index(one["model"]), one["type"], order.get(one["case"], len(order))))


def write(path, head, new_rows):
    """Updates the results file; what it already says of other cases is kept, with its own date."""
    old = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = merged(old, new_rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**head, "limits": limits(rows), "rows": rows}, indent=1,
                               ensure_ascii=False) + "\n", encoding="utf-8")
