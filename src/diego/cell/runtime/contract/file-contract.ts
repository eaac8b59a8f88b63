import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { after, test } from "node:test";
import { runCommand } from "#kernel/process/run-command.ts";
import { type Container, type ContainerRuntime, ContainerFileError } from "../container-runtime.ts";
import { createContainer, outcome, shell, tarOf } from "./contract-container.ts";

export function fileTests(open: () => Promise<ContainerRuntime>): void {
  void test("streamIn() unpacks a tar as the user, and streamOut() reads a file back", async () => {
    const container = await createContainer(await open());
    const content = Buffer.alloc(3_000_001, "droplet ");

    await container.streamIn({
      path: "/home/vcap/new/folder",
      user: "vcap",
      tar: tarOf("bin/run.sh", content, 0o755),
    });
    const read = await buffer(
      await container.streamOut({ path: "/home/vcap/new/folder/bin/run.sh", user: "vcap" }),
    );
    const [listing] = await outcome(
      await container.run(shell("stat -c '%U %a' /home/vcap/new/folder/bin/run.sh")),
    );

    assert.ok(read.equals(content));
    assert.equal(listing, "vcap 755\n");
  });

  void test("streamIn() reports an archive that cannot be unpacked", async () => {
    const container = await createContainer(await open());

    const torn = Readable.from([Buffer.alloc(2000, "x")]);
    await assert.rejects(container.streamIn({ path: "/tmp/x", user: "vcap", tar: torn }));
  });

  void test("what is missing, no file, or not the user's to read is refused", async () => {
    const container = await createContainer(await open());
    await outcome(await container.run(shell("mkfifo /tmp/fifo; ln -s fifo /tmp/link-to-it")));

    const refused = ["/home/vcap/nothing", "/home/vcap", "/root/secret", "/tmp/fifo"];
    for (const file of [...refused, "/tmp/link-to-it"]) {
      await assert.rejects(container.streamOut({ path: file, user: "vcap" }), ContainerFileError);
      await assert.rejects(copyOut(container, file), ContainerFileError);
    }
  });

  void test("links are followed as the container's own programs would", async () => {
    const container = await createContainer(await open());
    const links =
      "echo inside > /tmp/inside; ln -s ../../../../tmp/inside /tmp/climbs; ln -s /tmp/climbs /tmp/absolute";
    await outcome(await container.run(shell(links)));

    for (const file of ["/tmp/climbs", "/tmp/absolute"]) {
      assert.equal(await text(await container.streamOut({ path: file, user: "vcap" })), "inside\n");
    }
  });

  void test("copyOut() copies a large file, over none that is there", async () => {
    const container = await createContainer(await open());
    await outcome(await container.run(shell("seq 400000 > /tmp/large")));
    const { stdout } = await runCommand("seq", ["400000"], { maxOutputBytes: 10_000_000 });

    const { file, content } = await copyOut(container, "/tmp/large");

    assert.ok(content.equals(Buffer.from(stdout)));
    await assert.rejects(
      container.copyOut({ path: "/tmp/large", user: "vcap" }, file, never),
      /EEXIST|File exists/,
    );
  });

  void test("streamOut() gives an empty file as an empty stream", async () => {
    const container = await createContainer(await open());
    await outcome(await container.run(shell(": > /tmp/empty")));

    assert.equal(await text(await container.streamOut({ path: "/tmp/empty", user: "vcap" })), "");
  });
}

const never = new AbortController().signal;

async function copyOut(container: Container, file: string) {
  const to = path.join(mkdtempSync(path.join(tmpdir(), "rivera-copy-")), "copy");
  try {
    await container.copyOut({ path: file, user: "vcap" }, to, never);
    return { file: to, content: readFileSync(to) };
  } finally {
    after(() => rmSync(path.dirname(to), { recursive: true }));
  }
}
