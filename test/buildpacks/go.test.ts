import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { answer, hasProgram, push } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";

const cwd = path.resolve(import.meta.dirname, "../fixtures/go-module");
// Go compiles its whole standard library the first time: half a minute, or minutes on a busy machine.
const timeout = 900_000;
const skip = hasProgram("go") ? false : "there is no Go: scripts/setup --languages";

test(
  "a Go module is built with its dependency, the second time out of its cache",
  { skip, timeout },
  async () => {
    await using platform = await TestPlatform.start();
    assert.equal((await platform.rivera(["login"])).status, 0);

    const first = await push(platform, "go-module", { cwd, args: ["-m", "64M"] });

    assert.match(first, /Using go[\d.]+/);
    assert.match(first, /go: downloading github\.com\/julienschmidt\/httprouter v1\.3\.0/);
    assert.equal((await answer(platform, "go-module", "/hello/you")).body, "Hello you from Go\n");

    const second = await push(platform, "go-module", { cwd, args: ["-m", "64M"] });

    assert.match(second, /Using the Go build cache of the last staging \([\d.]+M\)/);
    assert.match(second, /Running: go install/);
    assert.doesNotMatch(second, /go: downloading/);
    assert.equal(
      (await answer(platform, "go-module", "/hello/again")).body,
      "Hello again from Go\n",
    );
  },
);
