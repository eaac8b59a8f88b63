import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { ContainerRuntime } from "../container-runtime.ts";
import { isAlive } from "../host/process-identity.ts";
import { createContainer, firstOutput, outcome, shell } from "../contract/contract-container.ts";
import { until } from "./until.ts";
import { openAsUser } from "./open-as-user.ts";

const skip = process.getuid?.() === 0 ? "root runs these as an ordinary user" : false;

describe("a container without root", { skip }, () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-rootless-"));
  let runtime: ContainerRuntime;

  before(async () => {
    runtime = await openAsUser(dataDir);
  });
  after(async () => {
    await Promise.all((await runtime.containers()).map((container) => container.destroy()));
    await runtime[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });

  // What the tests of oci/isolation.test.ts hold root's containers to, and these cannot keep.
  for (const name of [
    "its limits are in the kernel",
    "a process that takes more memory than there is ends as out of memory",
    "a fork bomb meets the limit of processes and leaves with its container",
    "no port of the host can be reached, by any of its addresses",
  ]) {
    test(name, { skip: "not enforced without root" }, () => undefined);
  }

  test("it says what is not enforced", () => {
    const { kind, enforced, notes } = runtime.description;

    assert.equal(kind, "crun");
    assert.deepEqual(enforced, []);
    assert.match(notes.join("\n"), /memory, processes, processor time and disk .* NOT limited/);
    assert.match(notes.join("\n"), /share this machine's network/);
  });

  test("its processes are user vcap, have no privilege, and cannot get one or make namespaces", async () => {
    const container = await createContainer(runtime);

    const [stdout] = await outcome(
      await container.run(
        shell(`
          id -u; id -un
          grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status
          unshare -U true 2>/dev/null && echo "made a user namespace"
          unshare -r true 2>/dev/null && echo "became root"
          mount -t tmpfs none /tmp 2>/dev/null && echo mounted
          chroot / true 2>/dev/null && echo chrooted
          exit 0
        `),
      ),
    );

    const none = "0000000000000000";
    assert.equal(
      stdout.trim().replaceAll(/\s+/g, " "),
      `2000 vcap CapInh: ${none} CapPrm: ${none} CapEff: ${none} CapBnd: ${none} CapAmb: ${none} NoNewPrivs: 1 Seccomp: 2`,
    );
  });

  test("it sees no process and no file of the user who runs the platform", async () => {
    const secret = path.join(dataDir, "secret");
    writeFileSync(secret, "of the user");
    const container = await createContainer(runtime);

    const script = `cat ${secret} /proc/${process.pid}/environ; ls /home; touch /usr/probe`;
    const [stdout, , exit] = await outcome(await container.run(shell(script)));

    assert.equal(stdout, "vcap\n");
    assert.notEqual(exit.status, 0);
  });

  test("what an app changes of its system, no other app sees", async () => {
    const [one, two] = [await createContainer(runtime), await createContainer(runtime)];

    await outcome(await one.run(shell("echo mine > /etc/probe; echo mine > /dev/shm/probe")));
    const [stdout] = await outcome(await two.run(shell("ls /etc/probe /dev/shm")));

    assert.equal(stdout, "/dev/shm:\n");
  });

  test("its app is reached at a port of its own", async () => {
    const [one, two] = [await createContainer(runtime), await createContainer(runtime)];
    const ports = [one.reachablePort(8080), two.reachablePort(8080)];
    assert.notEqual(ports[0], ports[1]);

    for (const container of [one, two]) {
      const port = container.reachablePort(8080);
      const app = await container.run({
        ...shell(""),
        path: "/usr/bin/perl",
        args: ["-MIO::Socket::INET", "-e", serveOnce, String(port), container.handle],
      });
      await firstOutput(app);

      const socket = createConnection(port, container.address);
      assert.equal(await text(socket), container.handle);
    }
  });

  test("the namespaces that it was made in go with the cell, if no container is left", async () => {
    const otherDir = mkdtempSync(path.join(tmpdir(), "rivera-rootless-"));
    const other = await openAsUser(otherDir);
    await (await createContainer(other)).destroy();
    const keeper = JSON.parse(readFileSync(path.join(otherDir, "namespace.json"), "utf8"));
    assert.ok(isAlive(keeper));

    await other[Symbol.asyncDispose]();

    assert.throws(() => readFileSync(path.join(otherDir, "namespace.json")), /ENOENT/);
    await until(() => !isAlive(keeper));
    rmSync(otherDir, { recursive: true, force: true });
  });
});

const serveOnce = `
  $| = 1;
  my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0]) or die;
  print "up\\n";
  my $client = $server->accept;
  print $client $ARGV[1];
`;
