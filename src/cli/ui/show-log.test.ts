import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import type { LogMessage } from "../api/log-cache.ts";
import { showLogMessage } from "./show-log.ts";
import { friendlyTime, logTime } from "./time-text.ts";
import { Ui } from "./ui.ts";

const message: LogMessage = {
  timestamp: 1_800_000_000_120_000_000n,
  sourceType: "APP/PROC/WEB",
  instance: "0",
  type: "ERR",
  text: "one\r\ntwo",
};

function shown(
  options: { header: boolean; color: boolean; terminalWidth?: number },
  text = message.text,
): string {
  return shownMessage({ ...message, text }, options);
}

function shownMessage(
  of: LogMessage,
  options: { header: boolean; color: boolean; terminalWidth?: number },
): string {
  let text = "";
  const out = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      text += chunk.toString();
      callback();
    },
  });
  const streams = { input: new PassThrough(), out, err: out };
  const ui = new Ui(streams, {
    color: options.color,
    terminalWidth: options.terminalWidth,
    isErrTerminal: false,
  });
  showLogMessage(ui, of, options);
  return text;
}

test("each line of a message has three spaces and its header in front", () => {
  const time = logTime(new Date(1_800_000_000_120));

  assert.equal(
    shown({ header: true, color: false }),
    `   ${time} [APP/PROC/WEB/0] ERR one\n   ${time} [APP/PROC/WEB/0] ERR two\n`,
  );
});

test("staging lines have no header; ERR is red where colours are shown", () => {
  assert.equal(shown({ header: false, color: false }), "   one\n   two\n");
  assert.equal(
    shown({ header: false, color: true }),
    "   \u001b[31mone\u001b[0m\n   \u001b[31mtwo\u001b[0m\n",
  );
});

test("a terminal gets the colours of a line and nothing else that it would obey; a pipe gets the line", () => {
  const hostile = "\u001b[2J\u001b]0;owned\u0007\u001b[32mgreen \u001b[1mbold\u202e\nplain\u009b1A";

  assert.equal(
    shown({ header: false, color: false }, hostile),
    `   ${hostile.replace("\n", "\n   ")}\n`,
  );
  assert.equal(
    shown({ header: false, color: false, terminalWidth: 80 }, hostile),
    "   \\x1b[2J\\x1b]0;owned\\x07\u001b[32mgreen \u001b[1mbold\\u202e\u001b[0m\n   plain\\x9b1A\n",
  );
});

test("times are local, with hundredths and the zone's offset", () => {
  const date = new Date(2030, 0, 2, 3, 4, 5, 67);

  assert.match(logTime(date), /^2030-01-02T03:04:05\.06[+-]\d{4}$/);
  assert.match(friendlyTime(date), /^Wed 02 Jan 03:04:05 \S+ 2030$/);
});
