import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText, shownCharacters, terminalText } from "./terminal-text.ts";

const esc = "\u001b";

test("colours and manners become styles, and end where the line ends them", () => {
  for (const [line, expected] of [
    ["plain", [["plain"]]],
    [`${esc}[31mred${esc}[0m then`, [["red", "ink-red"], [" then"]]],
    [
      `${esc}[1;92mok${esc}[22m x`,
      [
        ["ok", "ink-bright-green", "bold"],
        [" x", "ink-bright-green"],
      ],
    ],
    [`${esc}[38;5;3my${esc}[39mn`, [["y", "ink-yellow"], ["n"]]],
    [`${esc}[38;2;1;2;3mfree`, [["free"]]],
    [`${esc}[38:5:12mblue`, [["blue", "ink-bright-blue"]]],
    [`${esc}[48;5;200;4mline`, [["line", "underlined"]]],
    [`${esc}[41;97mERR${esc}[m!`, [["ERR", "ink-bright-white", "ground-red"], ["!"]]],
  ] as const) {
    const found = terminalText(line).map(({ text, style }) => [text, ...style]);
    assert.deepEqual(found, expected, JSON.stringify(line));
  }
});

test("what would move, rename, link, ring or turn around is shown as nothing or as a replacement", () => {
  for (const [line, expected] of [
    [`${esc}[2J${esc}[1;1Hhello`, "hello"],
    [`${esc}]0;title\u0007rest`, "rest"],
    [`${esc}]8;;http://evil.example.com${esc}\\link${esc}]8;;${esc}\\`, "link"],
    [`${esc}Pq#0;2;0${esc}\\after`, "after"],
    [`cut ${esc}[31`, "cut "],
    [`cut ${esc}`, "cut "],
    ["bell\u0007 nul\u0000", "bell\ufffd nul\ufffd"],
    ["access \u202elevel\u202c", "access \ufffdlevel\ufffd"],
    ["10 %\r50 %\r100 %\r\n", "100 %"],
    ["tab\tstays, <b>too</b>", "tab\tstays, <b>too</b>"],
  ] as const) {
    const shown = terminalText(line)
      .map(({ text }) => text)
      .join("");
    assert.equal(shown, expected, JSON.stringify(line));
    assert.equal(plainText(line), expected);
  }
});

test("a line of ten megabytes is shown in part, and hostile ones cost no more", () => {
  const lengths = [
    "x".repeat(10_000_000),
    `${esc}[3${"1".repeat(1_000_000)}`,
    `${esc}]`.repeat(300_000),
    `${esc}[31m${esc}[32m`.repeat(100_000),
    `a${esc}[31mb${esc}[32m`.repeat(100_000),
  ].map((line) => {
    const stretches = terminalText(line);
    assert.ok(stretches.length <= 200);
    return stretches.reduce((sum, { text }) => sum + text.length, 0);
  });
  assert.deepEqual(lengths, [shownCharacters, 0, 0, 0, shownCharacters]);
});
