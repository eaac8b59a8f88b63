import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultIgnoreLines, IgnoreRules } from "./ignore-rules.ts";

// Expectations are those of sabhiram/go-gitignore, also where git itself would decide otherwise.
const cases: readonly [rule: string, ignored: readonly string[], kept: readonly string[]][] = [
  [
    "node_modules",
    ["node_modules", "node_modules/a/b.js", "sub/node_modules/a"],
    [
      "node_modules2",
      "my_node_modules",
      "node_modules\n",
      "a\nb/node_modules",
      "node_modules/a\nb",
    ],
  ],
  [".git", [".git", "a/.git/b"], ["xgit", "a/.gitx", ".git-not/x.git"]],
  ["*.log", ["a.log", "x/y/b.log", "a.log/inside"], ["a.log2", "alog"]],
  ["/build", ["build", "build/a"], ["sub/build"]],
  ["build/", ["build/a", "sub/build/a"], ["build", "rebuild/a"]],
  ["docs/*.md", ["docs/a.md"], ["docs/sub/a.md", "sub/docs/a.md"]],
  ["docs/readme", ["docs/readme", "sub/docs/readme"], ["docs/readme2"]],
  ["**/temp", ["temp", "a/temp", "a/b/temp/c"], ["temp2"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/bc"]],
  ["abc/**", ["abc/x", "abc/x/y", "abc"], ["xabc/y"]],
  ["/**/abc", ["abc", "x/abc"], ["abcd"]],
  ["a.b", ["a.b"], ["axb"]],
  ["what?", ["what?"], ["whatx", "what"]],
  [String.raw`\#file`, ["#file"], ["file"]],
  [String.raw`\!file`, ["!file"], ["file"]],
  ["#comment", [], ["comment", "#comment"]],
  ["  spaced  ", ["spaced"], []],
  ["line\r", ["line"], []],
  ["file[0-9]", ["file1"], ["filea"]],
  ["broken[", [], ["broken[", "broken"]],
  [String.raw`\*star`, ["*star"], ["astar"]],
  // What is a regular expression in Go only, in JavaScript only, or means another thing in each.
  ["[]a]x", ["]x", "ax"], ["bx"]],
  ["[^]a]x", ["bx"], ["]x", "ax"]],
  ["[[:digit:]]x", ["1x"], ["ax", ":x"]],
  ["[[:^digit:]]x", ["ax"], ["1x"]],
  ["[[:nosuch:]]x", [], ["nx", ":x"]],
  ["[a-]x", ["ax", "-x"], ["bx"]],
  ["[b-a]x", [], ["ax", "bx"]],
  [String.raw`\d`, ["1", "a/2"], ["d", "a"]],
  [String.raw`[\d]`, ["1"], ["d"]],
  [String.raw`\y`, [], ["y"]],
  [String.raw`\1`, [], ["1"]],
  [String.raw`\61`, ["1"], ["61"]],
  [String.raw`\x61`, ["a"], ["x61"]],
  [String.raw`\Qa+b\E`, ["a+b"], ["aab"]],
  [String.raw`\E`, [], ["E"]],
  [String.raw`\pLx`, ["éx", "ax"], ["1x", "pLx"]],
  [String.raw`a\z`, ["a"], ["az"]],
  [String.raw`(a|b)x`, ["ax", "bx"], ["(a|b)x"]],
  ["a{2}", ["aa"], ["a{2}"]],
  ["a{,2}", ["a{,2}"], ["a", "aa"]],
  ["a{02}", ["a{02}"], ["aa"]],
  ["a{1001}", [], ["a", "a{1001}"]],
  ["a{b", ["a{b"], ["ab"]],
  ["a}", ["a}"], ["a"]],
  ["a]", ["a]"], ["a"]],
  ["(a", [], ["(a", "a"]],
  [String.raw`a\?`, ["a", "a\\"], ["a?"]],
  ["trailing\\", [], ["trailing", "trailing\\"]],
  ["😀", ["😀", "x/😀"], ["x😀"]],
];

test("a rule of .cfignore leaves out what go-gitignore leaves out", () => {
  for (const [rule, ignored, kept] of cases) {
    const rules = new IgnoreRules([rule]);
    for (const file of ignored)
      assert.equal(rules.matches(file), true, `"${rule}" ignores ${file}`);
    for (const file of kept) assert.equal(rules.matches(file), false, `"${rule}" keeps ${file}`);
  }
});

test("the last rule that matches decides, and an exclamation mark brings a file back", () => {
  const rules = new IgnoreRules(["*.log", "!keep.log", "/logs/keep.log"]);

  assert.equal(rules.matches("a.log"), true);
  assert.equal(rules.matches("keep.log"), false);
  assert.equal(rules.matches("sub/keep.log"), false);
  assert.equal(rules.matches("logs/keep.log"), true);
});

test("a file below an ignored folder can be brought back, so such folders are read", () => {
  const rules = new IgnoreRules(["vendor", "!vendor/keep"]);

  assert.equal(rules.matches("vendor/other"), true);
  assert.equal(rules.matches("vendor/keep"), false);
  assert.equal(rules.prunes("vendor"), false);
});

test("an ignored folder that nothing can bring back is not read", () => {
  const rules = new IgnoreRules(["node_modules", "tmp/"]);

  assert.equal(rules.prunes("node_modules"), true);
  assert.equal(rules.prunes("sub/tmp"), true);
  assert.equal(rules.prunes("src"), false);
});

test("what is never part of an app cannot be brought back by .cfignore", () => {
  const rules = new IgnoreRules(["!manifest.yml", "!.git", ...defaultIgnoreLines]);

  for (const file of ["manifest.yml", ".git/HEAD", ".cfignore", "sub/.DS_Store", ".svn"]) {
    assert.equal(rules.matches(file), true, file);
  }
  assert.equal(rules.matches("manifest.json"), false);
});
