import assert from "node:assert/strict";
import { test } from "node:test";
import { isDue, type TimeOfDay } from "./schedule.ts";

const cases: readonly {
  readonly what: string;
  readonly at: TimeOfDay;
  readonly last: string | undefined;
  readonly now: string;
  readonly due: boolean;
}[] = [
  { what: "never ran", at: "18:00", last: undefined, now: "2030-01-02T03:00:00Z", due: true },
  {
    what: "before its time",
    at: "18:00",
    last: "2030-01-01T18:00:10Z",
    now: "2030-01-02T17:59:59Z",
    due: false,
  },
  {
    what: "at its time",
    at: "18:00",
    last: "2030-01-01T18:00:10Z",
    now: "2030-01-02T18:00:00Z",
    due: true,
  },
  {
    what: "ran today",
    at: "18:00",
    last: "2030-01-02T18:00:00Z",
    now: "2030-01-02T23:00:00Z",
    due: false,
  },
  {
    what: "missed yesterday",
    at: "18:00",
    last: "2030-01-01T18:00:10Z",
    now: "2030-01-03T09:00:00Z",
    due: true,
  },
  {
    what: "made up since",
    at: "18:00",
    last: "2030-01-03T09:00:00Z",
    now: "2030-01-03T10:00:00Z",
    due: false,
  },
  {
    what: "midnight",
    at: "00:00",
    last: "2030-01-01T00:00:03Z",
    now: "2030-01-02T00:00:00Z",
    due: true,
  },
  {
    what: "after midnight",
    at: "00:30",
    last: "2030-01-01T00:30:00Z",
    now: "2030-01-02T00:29:00Z",
    due: false,
  },
  {
    what: "a clock that went back",
    at: "01:00",
    last: "2030-01-05T00:00:00Z",
    now: "2030-01-02T02:00:00Z",
    due: false,
  },
];

for (const { what, at, last, now, due } of cases) {
  test(`isDue() ${due ? "holds" : "does not hold"}: ${what}`, () => {
    assert.equal(isDue(at, last === undefined ? undefined : new Date(last), new Date(now)), due);
  });
}
