"""Makes tests/fixtures/templates/golden.json: what Jinja renders, as transformers sets it up.

Needs: pip install 'jinja2==3.1.6' 'transformers==5.24.0'
Every template here is written for this project; each line says one thing about the language.
"""

import json
import pathlib
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

NAMES = {
    "n": None, "t": True, "f": False, "i": 7, "x": 2.5, "s": "Straße Zürich 😀", "e": "", "z": 0,
    "xs": [3, 1, 2], "none_list": [], "d": {"b": 2, "a": 1, "items": "mine", "_p": 5},
    "people": [{"name": "Bo", "age": 30, "tags": ["x"]}, {"name": "al", "age": 25, "tags": []},
               {"name": "Cy", "age": 30}],
    "text": "  one two  three\n four ", "html": "<b>&'\"</b>",
    "messages": [{"role": "system", "content": "sys"}, {"role": "user", "content": "hi"},
                 {"role": "assistant", "content": None, "tool_calls": [
                     {"function": {"name": "f", "arguments": {"q": "ä\"<", "k": [1, None, True]}}}]}],
}

SPACE = [
    "a\n{% if t %}\nb\n{% endif %}\nc", "a\n  {% if t %}  \n  b\n  {% endif %}\nc",
    "a  {%- if t -%}  b  {%- endif -%}  c", "  {%+ if t %}x{% endif +%}\ny", "{{- 1 -}}\n\n{{ 2 }}\n",
    "x\n", "x\n\n", "\n\nx", "a {# c #}\nb", "a {#- c -#} b", "  {# c #}\nb", "a\r\nb\rc\n",
    "{% raw %}{{ x }}{% if %}{% endraw %}!", " {%- raw -%} {{ x }} {%- endraw -%} !",
    "  {% raw %}\n a\n  {% endraw %}\nb", "{{ '{{' }}{{ '%}' }}", "{{ {'a': {'b': 1}}['a']['b'] }}",
    "{% set x = {'a': 1} %}{{ x }}", "\t{% if t %}\n\t\tz{% endif %}", "a{% if t %} \n b{% endif %}",
    "{%if t%}1{%endif%}", "{{1}}{{-1}}{{+1}}", "{# {{ x }} {% if %} #}ok", "{#-#}a", "{{ x }",
    "{% if t %}", "{{ 1", "{# open", "{% raw %}open", "{{ ) }}", "{{ (1] }}", "{{ 'a }}", "{{ $ }}",
    "{% nonsense %}", "{% endif %}", "{{ }}", "{% %}", "{% for %}{% endfor %}", "{% if t: %}y{% endif %}",
]
VALUES = [
    "1", "-1", "+t", "007", "1_000", "0x1F", "0b101", "0o17", "1.5", "1e3", "1.5e-7", "1e16", "1e15",
    "123456789.123", "0.1 + 0.2", "1e-5", "1e22", "1.0", "-0.0", "2.50", "100000000000000000000.0",
    "'a' 'b'", "'\\n\\t\\x41\\u00e9\\'\\q\\101'", "\"it's\"", "true", "True", "none", "None", "false",
    "[1, 'a', none, 1.5, [true]]", "(1,)", "(1, 2)", "()", "{'a': 1, 2: [3]}", "{}", "[]", "[1,]",
    "'it\\'s'", "['it\\'s', '\"', '\\'\"', '\\\\', '\\n\\x00\\x7f\\u200b\\xad é 😀']", "1, 2",
    "undefined_name", "[undefined_name]", "d", "people[0]", "range(3)", "range(1, 9, 3)", "d.items()",
    "d.keys()", "d.values()", "namespace(a=1)", "[n, t, f, x]", "s", "messages[2]",
]
OPERATORS = [
    "1 + 2 * 3", "(1 + 2) * 3", "7 // 2", "-7 // 2", "7 // -2", "-7 % 3", "7 % -3", "-7.5 % 2", "7 / 2",
    "4 / 2", "7.5 // 2", "2 ** 10", "2 ** -1", "-2 ** 2", "2 ** 3 ** 2", "2.0 ** 0.5", "0 ** 0", "1 / 0", "1 // 0",
    "1 % 0", "1.0 % 0", "i + x", "t + 1", "'a' + 'b'", "'a' + 1", "'ab' * 3", "3 * 'ab'", "'ab' * -1",
    "[1] + [2]", "[1] * 3", "(1,) + (2,)", "[1] + (2,)", "'a' ~ 1 ~ none ~ true ~ 1.5 ~ undefined_name ~ [1]",
    "1 ~ 2 + 3", "1 == 1.0", "1 == true", "'1' == 1", "none == none", "undefined_name == undefined_name",
    "[1, 2] == [1, 2.0]", "(1,) == [1]", "{'a': 1} == {'a': 1.0}", "1 < 2 < 3", "1 < 2 > 3", "3 > 2 >= 2 != 1",
    "'a' < 'b'", "'a' < 1", "[1, 2] < [1, 3]", "none < 1", "1 <= 1.0", "'Z' < 'a'", "'é' > 'z'",
    "1 in [1, 2]", "'a' in 'cat'", "'' in ''", "1 in 'a'", "'a' in d", "'q' not in d", "1 not in xs",
    "1 in range(3)", "not 1", "not not ''", "1 and 2", "0 and 2", "0 or 'x'", "'' or none or 0", "1 and 0 or 5",
    "not true and false", "not (true and false)", "'a' if t else 'b'", "'a' if f else 'b'", "'a' if f", "('a' if f) is defined",
    "1 if f else 2 if f else 3", "-i", "--i", "- -i", "+x", "-'a'", "not i == 7", "1 if t and i > 3 else 0",
    "undefined_name + 1", "1 + undefined_name", "undefined_name < 1", "-undefined_name", "undefined_name == 1",
    "undefined_name != 1", "undefined_name in xs", "1 in undefined_name", "'%s-%5.2f|%-5d|%05d|%x' % ('a', 3.14159, 42, 42, 255)",
    "'%s' % 'x'", "'%d%%' % 5", "'%(a)s %(b)03d' % {'a': 'q', 'b': 7}", "'%s' % [1]", "'%s %s' % 1", "'%d' % 'a'", "'%r' % 'a'",
    "'x' % ()", "'%5s|%-5s|' % ('ab', 'cd')", "'%+d % d %e %g %G' % (5, 5, 12345.678, 0.00001, 1e20)", "'%c%c' % (65, 'z')", "'%.3s' % 'abcdef'", "'%*d' % (5, 42)",
    "9223372036854775807", "true and 'yes'", "x is number and x > 2", "7 is odd and 8 is even",
]
LOOKUPS = [
    "d.a", "d['a']", "d.zzz", "d.zzz.y", "d['zzz']['y']", "d.items", "d['items']", "d.items is callable", "xs[0]", "xs[-1]", "xs[9]",
    "xs[9] is defined", "xs.0", "xs['a']", "s[0]", "s[-1]", "s[4]", "s[100]", "n.foo", "n['foo']", "n.foo.bar", "i.foo",
    "undefined_name.foo", "undefined_name['foo']", "xs[1:]", "xs[:-1]", "xs[::-1]", "xs[::2]", "xs[5:]", "xs[-2:]", "s[1:6]", "s[::-1]", "s[-3:]",
    "s[:0]", "xs[0:0]", "xs[none:2]", "xs[::0]", "(1,2,3)[1:]", "range(10)[2:8:3]", "range(10)[3]", "d[1:2]", "undefined_name[1:]", "'abc'[1]",
    "messages[-1].tool_calls[0].function.name", "messages[-1]['tool_calls'][0]['function']['arguments']['q']", "d._p", "d['_p']", "d.__class__",
    "d.__class__ is defined", "''.__class__.__mro__", "d['__class__']", "xs.append", "xs.append(4)", "xs.append is defined", "d.update({'q': 1})", "d.pop('a')",
    "d.get('a')", "d.get('q')", "d.get('q', 5)", "d.get()", "d.copy()", "xs.index(2)", "xs.index(9)", "xs.count(3)", "xs.copy()", "xs[true]", "d[[1]]", "d[none]",
    "{1: 'a'}[1.0]", "{1: 'a'}[true]", "{(1,2): 'a'}[(1,2)]", "{[1]: 2}", "people[0].tags[0]", "people[2].tags", "people[2].tags[0]", "x.is_integer()", "2.0.is_integer()",
    "range.foo", "namespace(_a=1)", "namespace({'a': 1}).a", "dict(a=1, b=2)", "dict({'x': 1}, y=2)", "dict([('k', 'v')])", "dict(1)",
]
METHODS = [
    "text.strip()", "text.lstrip()", "text.rstrip()", "'xxaxx'.strip('x')", "'abcba'.strip('ab')", "'\u00a0a\u3000'.strip()", "text.split()", "text.split(' ')",
    "'a,b,c'.split(',')", "'a,b,c'.split(',', 1)", "'a,b,c'.rsplit(',', 1)", "'a,b,c'.rsplit(',')", "' a b  c '.rsplit(none, 1)", "' a b  c '.split(none, 1)", "' a b '.split(maxsplit=1)",
    "'a'.split('')", "''.split()", "''.split(',')", "'a\\nb\\r\\nc\\x0bd\\u2028e'.splitlines()", "'a\\nb\\n'.splitlines(true)", "'a-b-c'.partition('-')", "'a-b-c'.rpartition('-')", "'abc'.partition('-')", "'abc'.rpartition('-')",
    "s.startswith('Str')", "s.endswith(('x', '😀'))", "'abc'.startswith('b', 1)", "'abc'.endswith('b', 0, 2)", "'abc'.startswith(1)", "s.upper()", "s.lower()", "'hello wORLD it\\'s'.title()", "'hELLO'.capitalize()",
    "'ßa ǆ'.capitalize()", "'ΑΣ'.lower()", "'aBc'.swapcase()", "'Straße'.casefold()", "'aaa'.replace('a', 'b', 2)", "'abc'.replace('', '-')", "'abc'.replace('', '-', 2)", "'ab'.replace('ab', '')", "', '.join(['a', 'b'])", "'-'.join('abc')",
    "','.join([1])", "','.join(d)", "'banana'.find('na')", "'banana'.find('na', 3)", "'banana'.rfind('na')", "'banana'.find('x')", "'banana'.index('x')", "'banana'.index('n')", "'zürich'.find('r')", "'banana'.count('a')", "'aaaa'.count('aa')", "'abc'.count('')",
    "'banana'.count('a', 2, 4)", "'{} {}'.format(1, 'b')", "'{0}{1}{0}'.format('a', 'b')", "'{a:>5}|{a:<5}|{a:^5}|{a:*^7}'.format(a='x')", "'{:05d} {:,} {:.2f} {:x} {:#x} {:b} {:e} {:%}'.format(42, 1234567, 3.14159, 255, 255, 5, 12345.6, 0.25)",
    "'{!r} {!s}'.format('a', 'b')", "'{d[a]} {p[0]}'.format(d=d, p=xs)", "'{{}}'.format()", "'{}'.format()", "'{x}'.format(y=1)", "'{:{w}}|'.format('a', w=4)", "'{.__class__}'.format(1)", "'{0.a}'.format(d)", "'{'.format(1)", "'}'.format(1)", "'{} {0}'.format(1)",
    "'{:>3} {:<3}|{:+} {: }'.format(1, 2, 3, 4)", "'{:s}'.format(1)", "'{:d}'.format('a')", "'{:d}'.format(1.5)", "'{:g} {:g}'.format(1e10, 0.5)", "'{}'.format(none)", "'{:>6}'.format(true)", "'{:10}|'.format(1.5)", "'{:.3}'.format(3.14159)", "'{:.3}'.format('abcdef')", "'{:c}'.format(65)", "'{:_}'.format(1234567)",
    "'abc'.removeprefix('a')", "'abc'.removesuffix('c')", "'12'.isdigit()", "'1a'.isdigit()", "'²'.isdigit()", "'²'.isdecimal()", "'½'.isnumeric()", "'é'.isalpha()", "'a1'.isalnum()", "' \\t'.isspace()", "''.isspace()", "'AB1'.isupper()", "'ab'.islower()", "'1'.islower()", "'Ab Cd'.istitle()",
    "'a_1'.isidentifier()", "'1a'.isidentifier()", "'é'.isascii()", "''.isascii()", "'\\x00'.isprintable()", "'5'.zfill(3)", "'-5'.zfill(4)", "'a'.center(4) ~ '|'", "'ab'.center(5, '*')", "'a'.ljust(3, '-')", "'a'.rjust(3)", "'a\\tb'.expandtabs(4)", "'a'.nosuch()", "'a'.upper(1)", "1.upper()", "none.strip()", "xs.items()", "undefined_name.strip()", "i()", "'a'()",
    "d.items()|list", "d.keys()|list", "d.values()|list", "'b' in d.keys()", "d.items()|length", "d.items()[0]", "d.items() is sequence", "d.items() is iterable", "d.items() is mapping",
]
FILTERS = [
    "-5|abs", "-5.5|abs", "'a'|abs", "'foo bar'|capitalize", "'ab'|center(6) ~ '|'", "undefined_name|default('x')", "''|default('x')", "''|default('x', true)", "none|default('x')", "none|d('x', boolean=true)", "undefined_name|default", "undefined_name.a|default('x')",
    "d|dictsort", "{'b': 1, 'A': 2, 'c': 0}|dictsort", "{'b': 1, 'A': 2}|dictsort(true)", "{'b': 1, 'A': 2}|dictsort(by='value')", "{'b': 1, 'a': 2}|dictsort(reverse=true)", "{'b': 1, 'a': 2}|dictsort(false, 'x')", "xs|dictsort", "html|escape", "html|e|e", "html|forceescape", "1|e",
    "xs|first", "''|first is defined", "s|first", "d|first", "xs|last", "s|last", "[]|last is defined", "'3.7'|float", "'x'|float", "'x'|float(1.5)", "none|float", "'1e3'|float", "' 1_0.5 '|float", "'inf'|float", "undefined_name|float", "'42'|int", "'42.9'|int", "'x'|int", "'x'|int(5)", "'ff'|int(base=16)", "'0xff'|int(0, 16)", "'0b1'|int(0, 0)", "3.9|int", "-3.9|int", "true|int", "none|int", "' 12 '|int", "'1_0'|int", "[]|int", "undefined_name|int",
    "'%s and %s'|format('a', 1)", "'%(x)s'|format(x=5)", "'%s'|format", "people|groupby('age')", "people|groupby('name')|map(attribute='grouper')|list", "people|groupby('tags', default='none')|length", "'a\\nb\\n\\nc'|indent", "'a\\nb'|indent(2)", "'a\\nb'|indent(2, true)", "'a\\n\\nb'|indent(2, blank=true)", "'a\\nb'|indent('> ')", "'a\\nb\\n'|indent(1)", "''|indent(2, true)", "1|indent",
    "d|items|list", "undefined_name|items|list", "xs|items|list", "xs|join", "xs|join(', ')", "people|join(', ', attribute='name')", "'abc'|join('-')", "[1, none, 'a']|join(1)", "undefined_name|join", "xs|length", "s|length", "d|count", "undefined_name|length", "5|length", "none|length", "(xs|map('string'))|length", "'abc'|list", "d|list", "range(3)|list", "undefined_name|list", "5|list",
    "'ABC é'|lower", "5|lower", "people|map(attribute='name')|list", "people|map(attribute='tags.0')|list", "people|map(attribute='tags', default='-')|list", "['a', 'b']|map('upper')|join", "[1, 2]|map('string')|list", "['a b', 'c']|map('replace', ' ', '_')|list", "xs|map('nofilter')|list", "xs|map|list", "xs|map('int') is iterable", "'x' if xs|map('string') else 'y'", "'x' if xs|select('gt', 5) else 'y'", "'x' if none_list|select('odd') else 'y'",
    "xs|max", "xs|min", "people|max(attribute='age')", "['b', 'A']|min", "['b', 'A']|min(true)", "[]|max is defined", "[1, 'a']|max", "xs|reject('odd')|list", "people|rejectattr('tags')|map(attribute='name')|list", "people|selectattr('age', 'gt', 26)|map(attribute='name')|list", "people|selectattr('tags')|list|length", "people|selectattr('name', 'equalto', 'Bo')|first", "people|selectattr('nope', 'defined')|list", "xs|select('gt', 1)|list", "[0, 1, '', 'a']|select|list", "[0, 1]|reject|list", "xs|select('nosuch')|list", "people|selectattr", "xs|select('in', [1, 2])|list", "xs|select('divisibleby', 2)|list",
    "'aXbX'|replace('X', '-')", "'aaa'|replace('a', 'b', 1)", "15|replace(5, 6)", "xs|reverse|list", "'abc'|reverse", "d|reverse|list", "2.5|round", "3.5|round", "2.675|round(2)", "2.5|round(0, 'ceil')", "2.4|round(method='floor')", "1234.5|round(-2)", "7|round", "1250|round(-2)", "-0.4|round", "1.005|round(2)", "'a'|round", "2.7|round|int", "html|safe", "'<'|safe ~ '<'", "('<'|safe) + '<'", "'<' + ('>'|safe)", "('<'|safe).upper() + '<'", "'<'|safe is escaped", "'<' is escaped", "('a'|safe) is string", "['<'|safe]",
    "range(7)|slice(3)|list", "range(7)|slice(3, 'x')|list", "range(7)|batch(3)|list", "range(7)|batch(3, 0)|list", "xs|sort", "xs|sort(true)", "['b', 'A', 'c']|sort", "['b', 'A', 'c']|sort(case_sensitive=true)", "people|sort(attribute='age')|map(attribute='name')|list", "people|sort(attribute='age,name')|map(attribute='name')|list", "people|sort(true, attribute='age')|map(attribute='name')|list", "[1, 'a']|sort", "'bca'|sort", "5|string", "none|string", "true|string", "1.0|string", "[1]|string",
    "xs|sum", "[1.5, 2]|sum", "people|sum(attribute='age')", "[[1], [2]]|sum(start=[])", "['a']|sum", "[]|sum", "'hello wORLD-foo (bar) it\\'s'|title", "text|trim", "'xax'|trim('x')", "5|trim", "none|trim", "'hello world foo bar'|truncate(11)", "'hello world foo bar'|truncate(11, true)", "'hello world foo bar'|truncate(11, false, '~', 0)", "'hello'|truncate(3)", "['b', 'a', 'B', 'a']|unique|list", "['b', 'B']|unique(true)|list", "people|unique(attribute='age')|map(attribute='name')|list", "'abc é'|upper",
    "'a b/ä?&'|urlencode", "{'a b': 'ü/', 'c': 1}|urlencode", "[('a', 1)]|urlencode", "5|urlencode", "'one two, three_4'|wordcount", "{'class': 'a', 'x': none, 'id': '<'}|xmlattr", "{'a b': 1}|xmlattr", "1000|filesizeformat", "123456789|filesizeformat", "1|filesizeformat", "1024|filesizeformat(true)", "500|filesizeformat", "d|attr('a') is defined", "'a'|attr('upper')() ", "d|attr('_p') is defined", "xs|nosuchfilter", "'a'|upper|lower|title", "-1|abs ~ 'x'", "1|string + 'x'", "'a,b'.split(',')|last", "xs|length > 2", "not xs|length",
    "d|tojson", "[1, 1.5, true, none, 'é\"\\\\\\n<>&\\'']|tojson", "[1, 'é😀']|tojson(ensure_ascii=true)", "[1, 'é']|tojson(true)", "{'b': [1, {}], 'a': {'c': []}}|tojson(indent=2)", "{'b': 1, 'a': 2}|tojson(sort_keys=true)", "[1, {'a': 2}]|tojson(separators=(',', ':'))", "[1, 2]|tojson(indent=0)", "[1]|tojson(indent='\\t')", "[1, 2]|tojson(indent=1, separators=(', ', '= '))", "undefined_name|tojson", "range(3)|tojson", "(1, 2)|tojson", "{1: 2, none: 3, true: 4, 1.5: 5}|tojson", "{(1, 2): 3}|tojson", "'\\x00\\x1f\\x7f\\u2028'|tojson", "1e100|tojson", "1e16|tojson", "namespace(a=1)|tojson", "xs|map('string')|tojson", "d.keys()|tojson", "('<'|safe)|tojson", "{'b': 1, 2: 3}|tojson(sort_keys=true)", "messages|tojson", "messages|tojson(indent=4)",
]
TESTS = [f"{value} is {test}" for test in (
    "boolean", "callable", "defined", "escaped", "false", "float", "integer", "iterable", "lower", "mapping", "none",
    "number", "sequence", "string", "true", "undefined", "upper") for value in ("n", "t", "i", "x", "s", "xs", "d", "undefined_name", "range", "(1, 2)", "d.items()")]
TESTS += [
    "i is divisibleby 7", "i is divisibleby(2)", "i is eq 7", "i is equalto(7)", "i is ne 7", "i is gt 6", "i is ge 7", "i is lt 7", "i is le 7", "i is lessthan 8", "i is greaterthan 8", "i is in [7]", "'a' is in 'abc'", "i is odd", "i is even", "i is not odd", "'a' is odd", "undefined_name is odd", "i is sameas 7", "t is sameas true", "xs is sameas xs", "[] is sameas []", "'upper' is filter", "'nope' is filter", "'odd' is test", "i is nosuch", "i is not none and i is number", "i is odd or i is even", "not i is odd", "i is defined is defined", "i is == 7", "'Ab' is lower", "'ab1' is lower", "x is divisibleby 2.5", "i is not in xs",
]
STATEMENTS = [
    "{% for a in xs %}{{ a }}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}",
    "{% for a in xs %}{{ loop.previtem }}<{{ a }}>{{ loop.nextitem }} {% endfor %}", "{% for a in xs %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% for a in xs %}{{ loop.cycle('o', 'e') }}{% endfor %}", "{% for a in [1,1,2,2,1] %}{{ loop.changed(a) }}{% endfor %}", "{% for a in xs %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}", "{% for a in xs %}{{ loop }}{% endfor %}", "{% for a in xs %}{{ loop.nosuch is defined }}{% endfor %}", "{% for a in xs %}{{ loop.cycle() }}{% endfor %}",
    "{% for a in none_list %}x{% else %}none{% endfor %}", "{% for a in xs %}x{% else %}none{% endfor %}", "{% for a in undefined_name %}x{% else %}none{% endfor %}", "{% for a in n %}x{% endfor %}", "{% for a in 5 %}x{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}", "{% for c in 'añ😀' %}[{{ c }}]{% endfor %}", "{% for a, b in [(1, 2), [3, 4], 'xy'] %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}x{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for (a, b) in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}",
    "{% for a in xs if a > 1 %}{{ loop.index }}{{ a }}{{ loop.length }}{% endfor %}", "{% for a in xs if a > 5 %}x{% else %}none{% endfor %}", "{% for a in xs|sort if a is odd %}{{ a }}{{ loop.last }}{% endfor %}", "{% for a in xs if loop is defined %}{{ a }}{% endfor %}", "{% for a in 1, 2 %}{{ a }}{% endfor %}", "{% for a in xs if a > 1 else [] %}{{ a }}{% endfor %}",
    "{% for a in xs %}{% if a == 1 %}{% break %}{% endif %}{{ a }}{% endfor %}", "{% for a in xs %}{% if a == 1 %}{% continue %}{% endif %}{{ a }}{% endfor %}", "{% for a in xs %}{% break %}{% else %}else{% endfor %}", "{% for a in xs %}{% continue %}{% else %}else{% endfor %}", "{% for a in xs %}{% if loop.first %}{% continue %}{% endif %}{% else %}else{% endfor %}", "{% break %}", "{% for a in xs %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "{% for a in xs %}{% for b in xs %}{% break %}{% endfor %}{{ a }}{% endfor %}", "{% for a in xs %}{% set q %}{{ a }}{% if a == 1 %}{% break %}{% endif %}{% endset %}{{ q }}{% endfor %}", "{% for a in xs %}x{% else %}{% break %}{% endfor %}",
    "{% for a in [1, [2, [3]]] recursive %}{{ loop.depth }}{% if a is iterable %}({{ loop(a) }}){% else %}{{ a }}{% endif %}{% endfor %}", "{% for a in [[1, 2], [3]] recursive %}{{ loop(a) if a is iterable else a }}{% else %}E{% endfor %}", "{% for a in xs %}{{ loop(a) }}{% endfor %}", "{% for a in xs %}{% for b in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% set q = 1 %}{% for a in xs %}{% set q = a %}{{ q }}{% endfor %}{{ q }}", "{% for a in xs %}{{ q }}{% set q = a %}{% endfor %}{{ q is defined }}", "{% set a = 9 %}{% for a in xs %}{{ a }}{% endfor %}{{ a }}", "{% set ns = namespace(c=0) %}{% for a in xs %}{% set ns.c = ns.c + a %}{% endfor %}{{ ns.c }}", "{% set ns = namespace() %}{{ ns.q is defined }}{% set ns.q = 1 %}{{ ns.q }}{{ ns['q'] }}", "{% set d.a = 1 %}", "{% set undefined_name.a = 1 %}", "{% set ns = namespace(a=1) %}{{ ns }}{% set ns.b, c = 2, 3 %}{{ ns.b }}{{ c }}", "{% set ns = namespace() %}{% set ns._q = 1 %}", "{% set ns = namespace(a=[]) %}{% for x in xs %}{% set ns.a = ns.a + [x] %}{% endfor %}{{ ns.a }}", "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me is defined }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = [1, 2] %}{{ a }}{{ b }}", "{% set a, b = 1 %}", "{% set a = 1, 2 %}{{ a }}", "{% set a = 1 if f %}{{ a is defined }}{{ a }}", "{% set q %}x{{ i }}y{% endset %}[{{ q }}]", "{% set q | upper | replace('A', 'b') %}abc{% endset %}{{ q }}", "{% set q %}{% set inner = 1 %}{% endset %}{{ inner is defined }}", "{% if t %}{% set q = 1 %}{% endif %}{{ q }}", "{% if f %}{% set i = 1 %}{% endif %}{{ i }}", "{% set loop = 1 %}{{ loop }}", "{% for a in xs %}{% set loop = 1 %}{% endfor %}", "{% set true = 1 %}", "{% set 1 = 2 %}", "{% set a.b.c = 1 %}", "{% set range = 5 %}{{ range }}", "{% set a = b = 1 %}",
    "{% if i > 5 %}a{% elif i > 3 %}b{% else %}c{% endif %}", "{% if z %}a{% elif i %}b{% else %}c{% endif %}", "{% if undefined_name %}a{% else %}b{% endif %}", "{% if not undefined_name %}a{% endif %}", "{% if xs and d %}a{% endif %}", "{% if none_list %}a{% endif %}", "{% if undefined_name.x %}a{% endif %}", "{% if t %}{% else %}x{% else %}{% endif %}", "{% if t %}{% if f %}1{% else %}2{% endif %}{% endif %}",
    "{% macro m(a, b=2, c=b) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c=4) }}{{ m(a=5) }}{{ m() }}", "{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, q=4) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(q=1) }}", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}", "{% macro m(a, a) %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m() %}{{ i }}{% endmacro %}{% set i = 8 %}{{ m() }}", "{% macro m() %}{{ q }}{% endmacro %}{% set q = 1 %}{{ m() }}", "{% macro m() %}{{ q }}{% endmacro %}{% for q in xs %}{{ m() }}{% endfor %}", "{% for q in xs %}{% macro m() %}{{ q }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m() %}{% set q = 5 %}{% endmacro %}{{ m() }}{{ q is defined }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}", "{% macro m(x) %}<{{ caller(x) }}>{% endmacro %}{% call(y) m(3) %}[{{ y }}]{% endcall %}", "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% call m() %}{{ i }}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}", "{% macro m(caller=none) %}{{ caller is none }}{% endmacro %}{{ m() }}", "{% call 1 %}{% endcall %}", "{% macro m() %}  a  {% endmacro %}[{{ m() }}][{{ m()|trim }}]", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m.name }}{{ m.arguments is defined }}{{ m.catch_varargs }}{{ m.caller }}", "{% macro m() %}{% endmacro %}{{ m }}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ [1, 2]|map('string')|map('upper')|join }}{{ m(m(1)) }}", "{{ m() }}{% macro m() %}a{% endmacro %}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 1, 'b': 2}) }}{{ m(1, *[2]) }}{{ m(b=1, *[2]) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% filter upper %}abc {{ s }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aaa{% endfilter %}", "{% filter trim %}  {% set q = 1 %} x {% endfilter %}{{ q is defined }}", "{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}", "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}", "{% with a, b = (1, 2) %}{{ a }}{{ b }}{% endwith %}", "{% generation %}abc{{ i }}{% set q = 2 %}{% endgeneration %}{{ q is defined }}", "{% for a in xs %}{%- generation -%} {{ a }} {%- endgeneration -%} {% endfor %}", "{% block b %}x{{ i }}{% endblock %}", "{% for q in xs %}{% block c scoped %}{{ q }}{% endblock %}{% endfor %}", "{% block b %}{% set q = 1 %}{% endblock b %}{{ q is defined }}", "{% print i, x %}", "{% print 'a' %}", "{% autoescape false %}<{{ html }}{% endautoescape %}",
    "{% include 'x' %}", "{% if f %}{% include 'x' %}{% endif %}ok", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% do xs.append(1) %}", "{{ raise_exception('no ' ~ i) }}", "{% if f %}{{ raise_exception('no') }}{% endif %}ok", "{{ cycler('a', 'b').next() }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.next() }}", "{% set j = joiner(', ') %}{% for a in xs %}{{ j() }}{{ a }}{% endfor %}", "{{ range(100001)|length }}", "{{ range(100000)|length }}", "{{ range(0, 10, 0) }}", "{{ range(5, 0, -2)|list }}", "{{ range('a') }}", "{{ range() }}", "{{ range }}" if False else "{{ range is callable }}",
    "{% set f2 = 'a'.upper %}{{ f2() }}", "{% set items = d.items() %}{% for a in items %}{{ a[0] }}{% endfor %}{{ items|length }}", "{% set g = xs|map('string') %}{{ g|join }}{{ g|join }}", "{% set g = xs|select %}{% for a in g %}{{ a }}{% endfor %}|{% for a in g %}{{ a }}{% endfor %}", "{{ messages|selectattr('role', 'eq', 'user')|map(attribute='content')|first }}", "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}{{ m.content if m.content is string else m.tool_calls|tojson }}{% endfor %}", "{% for m in messages[1:] %}{{ loop.index }}{{ m['role'] }}{% endfor %}", "{%- for m in messages | reverse -%}\n{{ m.role }}\n{%- endfor %}", "{% set ns = namespace(found=false) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.found = true %}{% break %}{% endif %}{% endfor %}{{ ns.found }}", "{{ strftime_now('%%') }}", "{% for a in xs %}{{ 'x' if loop.last else ', ' }}{% endfor %}", "{{ messages[0].role == 'system' and messages[1:]|length == 2 }}", "{{ a.b.c.d }}", "{% for x in xs %}{{ i }}{% set i = x %}{% endfor %}{{ i }}", "{{ q }}{% set q = 1 %}{{ q }}", "{% for a in [1] %}{{ i }}{% endfor %}{% set i = 2 %}", "{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% set i = 3 %}{{ m() }}",
]


def result(template):
    try:
        return {"text": _compile_jinja_template(template).render(**json.loads(json.dumps(NAMES)))}
    except Exception as error:  # noqa: BLE001  # any error of the reference is a refusal
        return {"error": type(error).__name__}


def main(path):
    expressions = VALUES + OPERATORS + LOOKUPS + METHODS + FILTERS + TESTS
    templates = SPACE + STATEMENTS + ["{{ " + expression + " }}" for expression in expressions]
    cases = []
    for template in templates:
        answer = result(template)
        if " at 0x" in answer.get("text", ""):  # an address: nothing to agree about
            continue
        cases.append({"template": template, **answer})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    context = json.dumps(NAMES, ensure_ascii=False)
    pathlib.Path(path).write_text(
        f'{{"context": {context},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(len(cases), "cases", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/templates/golden.json")
