import assert from "node:assert/strict";
import { test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { emptyDatabase } from "../support/empty-database.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

const server = process.env["RIVERA_POSTGRES_SERVER"] ?? process.env["RIVERA_TEST_POSTGRES"];

function answers(platform: TestPlatform, text: string): Promise<true> {
  return eventually(
    async () => {
      const { body } = await platform.fetchApp("kept.apps.localhost");
      return body.startsWith(text) ? true : undefined;
    },
    { withinMs: 60_000, what: () => `the app to answer "${text}"` },
  );
}

test(
  "on PostgreSQL a push works, a second platform is refused, and kill -9 loses nothing of what was acknowledged",
  { skip: server === undefined ? "there is no PostgreSQL (RIVERA_POSTGRES_SERVER)" : false },
  async () => {
    await using database = await emptyDatabase(server ?? "");
    await using platform = await TestPlatform.start({ flags: ["--database", database.url] });
    assert.match(platform.output, /Data {3}"postgres:/);
    assert.doesNotMatch(platform.output, new RegExp(new URL(database.url).password || "\\0"));
    using first = appFolder(nodeServer("first"));
    using second = appFolder(nodeServer("second"));
    const push = (cwd: string) => platform.rivera(["push", "kept", "-m", "64M"], { cwd });
    assert.equal((await platform.rivera(["login"])).status, 0);
    const pushed = await push(first.path);
    assert.equal(pushed.status, 0, `${pushed.stdout}\n${pushed.stderr}`);
    await answers(platform, "first");
    await assert.rejects(
      TestPlatform.start({ flags: ["--database", database.url] }),
      /ended with 1:[^]*Cannot use the database "[^"]+": process \d+ on \S+ runs a platform on it/,
    );

    await platform.kill9();
    await platform.up();

    await answers(platform, "first");
    const again = await push(second.path);
    assert.equal(again.status, 0, `${again.stdout}\n${again.stderr}`);
    await answers(platform, "second");
    const deleted = await platform.rivera(["delete", "kept", "-f"]);
    assert.equal(deleted.status, 0, `${deleted.stdout}\n${deleted.stderr}`);
  },
);
