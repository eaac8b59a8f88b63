import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { cgroupFile, cgroupLayout, keyedValue } from "../cgroup/cgroup-files.ts";
import type { Container, ContainerRuntime } from "../container-runtime.ts";
import { gatewayAddress } from "../network/addresses.ts";
import { createContainer, firstOutput, outcome, shell } from "../contract/contract-container.ts";
import { openRealRuntime, realRuntimes, reasonToSkip } from "./real-runtimes.ts";

const mebibyte = 1024 ** 2;

for (const name of realRuntimes) {
  describe(`a container by ${name} is closed`, { skip: reasonToSkip(name) }, () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-isolation-"));
    let runtime: ContainerRuntime;

    before(async () => {
      runtime = await openRealRuntime(name, dataDir);
    });
    after(async () => {
      await Promise.all((await runtime.containers()).map((container) => container.destroy()));
      await runtime[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test("its limits are in the kernel", async () => {
      const limits = { memoryBytes: 96 * mebibyte, pids: 41, cpuShares: 77, diskBytes: 0 };
      const container = await createContainer(runtime, { limits });

      const layout = cgroupLayout();
      const cgroup = cgroupOf(container);
      const read = (file: Parameters<typeof cgroupFile>[2]) =>
        readFileSync(cgroupFile(layout, cgroup, file), "utf8").trim();

      assert.equal(read("memoryLimit"), String(96 * mebibyte));
      assert.equal(read("pidsLimit"), "41");
      if (layout.version === 1) assert.equal(read("cpuShares"), "77");
    });

    test("the host's /dev/null stays the host's; a process has an input that is at its end", async () => {
      const { uid, mode } = statSync("/dev/null");
      const container = await createContainer(runtime);
      const script = "wc -c; chmod 0600 /dev/null 2>/dev/null || echo kept";

      const [stdout, , exit] = await outcome(await container.run(shell(script)));

      assert.deepEqual([stdout, exit.status], ["0\nkept\n", 0]);
      assert.deepEqual([statSync("/dev/null").uid, statSync("/dev/null").mode], [uid, mode]);
    });

    test("a process that takes more memory than there is ends as out of memory", async () => {
      const container = await createContainer(runtime, { limits: smallMemory });

      const [, , exit] = await outcome(await container.run(shell(`exec ${eatMemory}`)));

      assert.deepEqual(exit, { status: 137, outOfMemory: true });
    });

    test("a child killed for memory is not the end of its parent", async () => {
      const container = await createContainer(runtime, { limits: smallMemory });

      const [stdout, , exit] = await outcome(
        await container.run(shell(`(${eatMemory}); echo "child $?"; exit 3`)),
      );

      assert.equal(stdout, "child 137\n");
      assert.deepEqual(exit, { status: 3, outOfMemory: false });
      const kills = readFileSync(
        cgroupFile(cgroupLayout(), cgroupOf(container), "oomKills"),
        "utf8",
      );
      assert.ok((keyedValue(kills, "oom_kill") ?? 0) > 0);
    });

    test("a fork bomb meets the limit of processes and leaves with its container", async () => {
      const limits = { memoryBytes: 128 * mebibyte, pids: 20, cpuShares: 10, diskBytes: 0 };
      const container = await createContainer(runtime, { limits });

      const process = await container.run(
        shell("for i in $(seq 60); do sleep 600 & done; echo spawned; wait"),
      );
      const [, stderr] = await outcome(process);

      assert.match(stderr, /fork/i);
      assert.ok((await container.metrics()).pids <= 20);
      await container.destroy();
      assert.deepEqual(processesOfHostRange(container), []);
    });

    test("nothing outside of home and /tmp can be written, and no secret of the host read", async () => {
      const container = await createContainer(runtime);

      const [stdout] = await outcome(
        await container.run(
          shell(`
            for place in / /etc /usr /usr/bin /opt /root /home /proc/sys/kernel/hostname /sys /dev/shm/..; do
              if touch "$place/probe" 2>/dev/null; then echo "wrote $place"; fi
            done
            cat /etc/shadow /root/.profile /proc/1/environ /proc/kcore 2>/dev/null
            ls /var/lib /var/log /home/vcap
            touch ~/ok /tmp/ok && ls ~ /tmp/ok
          `),
        ),
      );

      // The packages that apt takes for installed, where the host has it, and a place for nginx's temporary files.
      assert.match(
        stdout.replaceAll(/\s+/g, " ").trim(),
        /^\/home\/vcap: \/var\/lib: (dpkg )?nginx \/var\/log: \/tmp\/ok \/home\/vcap: ok$/,
      );
    });

    test("a process has no privilege, and cannot get one or make namespaces", async () => {
      const container = await createContainer(runtime);

      const [stdout] = await outcome(
        await container.run(
          shell(`
            grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status
            unshare -U true 2>/dev/null && echo "made a user namespace"
            unshare -r true 2>/dev/null && echo "became root"
            mount -t tmpfs none /tmp 2>/dev/null && echo mounted
            chroot / true 2>/dev/null && echo chrooted
            kill -9 1 2>/dev/null && echo "killed its init"
            exit 0
          `),
        ),
      );

      assert.deepEqual(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.replace(/\s+/, " ")),
        [
          ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(
            (set) => `${set}: 0000000000000000`,
          ),
          "NoNewPrivs: 1",
          "Seccomp: 2",
        ],
      );
    });

    test("no port of the host can be reached, by any of its addresses", async () => {
      const server = createServer((_, response) => response.end("secret of the host")).listen(0);
      await new Promise((resolve) => server.once("listening", resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === "object");
      const container = await createContainer(runtime);

      try {
        for (const host of ["127.0.0.1", gatewayAddress, ...hostAddresses()]) {
          const [, , exit] = await outcome(await container.run(connect(host, address.port)));
          assert.notEqual(exit.status, 0, `${host} answered`);
        }
      } finally {
        server.close();
      }
    });

    test("an app is reached from the host at its address, and from no other container", async () => {
      const app = await createContainer(runtime);
      const other = await createContainer(runtime);
      const process = await app.run({
        ...shell(""),
        path: "/usr/bin/perl",
        args: ["-e", perlServer],
      });
      await firstOutput(process);

      const response = await fetch(`http://${app.address}:${app.reachablePort(8080)}/`);
      const [, , exit] = await outcome(await other.run(connect(app.address, 8080)));

      assert.equal(await response.text(), "hello");
      assert.notEqual(exit.status, 0);
    });

    test("without egress no packet leaves, and with it none to private networks", async () => {
      const isolated = await createContainer(runtime, { egress: false });
      const open = await createContainer(runtime);

      const [, , byName] = await outcome(await isolated.run(connect("192.0.2.1", 443)));
      const [, , metadata] = await outcome(await open.run(connect("169.254.169.254", 80)));

      assert.notEqual(byName.status, 0);
      assert.notEqual(metadata.status, 0);
    });

    test("destroy() leaves no mount, control group, interface, process or file", async () => {
      const container = await createContainer(runtime);
      await firstOutput(await container.run(shell("echo up; exec sleep 600")));
      const cgroup = cgroupOf(container);
      assert.ok(interfaces().includes(interfaceOf(container)));

      await container.destroy();

      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(container.handle));
      assert.deepEqual(globSync(`/sys/fs/cgroup{,/*}${cgroup}`), []);
      assert.deepEqual(processesOfHostRange(container), []);
      assert.ok(!interfaces().includes(interfaceOf(container)));
      assert.deepEqual(globSync(`${dataDir}/{containers,state/*}/${container.handle}`), []);
    });
  });
}

const smallMemory = { memoryBytes: 64 * mebibyte, pids: 50, cpuShares: 10, diskBytes: 0 };
const eatMemory = `perl -e '$x = "x" x (16 * 1024 * 1024); push @all, $x . $_ for 1 .. 100'`;
const perlServer = `use IO::Socket::INET; $| = 1;
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die;
print "up\\n";
while (my $client = $server->accept) {
  while (<$client>) { last if /^\\r?$/ }
  print $client "HTTP/1.0 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello";
  close $client;
}`;

function connect(host: string, port: number) {
  const script = `exec 3<>/dev/tcp/${host}/${port}`;
  return { ...shell(""), path: "/usr/bin/timeout", args: ["2", "/bin/bash", "-c", script] };
}

function hostAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !name.startsWith("rv") && name !== "lo")
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
}

function cgroupOf(container: Container): string {
  const [found] = globSync(`/sys/fs/cgroup{,/memory}/rivera/*-${container.handle}`);
  assert.ok(found !== undefined);
  return `/rivera/${path.basename(found)}`;
}

/**
 * Processes of the host that run under the ids of the container, which are its address's alone. Not those that are dead
 * and wait for the machine's first process to notice.
 */
function processesOfHostRange(container: Container): string[] {
  const { range, slot } = placeOf(container);
  const base = 1_000_000_000 + 65_536 * (range * 1024 + slot);
  return globSync("/proc/[0-9]*/status").filter((file) => {
    const status = readIfThere(file);
    if (/^State:\s+[ZX]/m.test(status)) return false;
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return uid >= base && uid < base + 65_536;
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function placeOf(container: Container): { range: number; slot: number } {
  const [, , third = 0, fourth = 0] = container.address.split(".").map(Number);
  return { range: Math.floor(third / 16), slot: (third % 16) * 250 + fourth - 1 };
}

function interfaceOf(container: Container): string {
  const { range, slot } = placeOf(container);
  return `rvo${range}-${slot}`;
}

function interfaces(): string[] {
  const links = execFileSync("ip", ["-o", "link"], { encoding: "utf8" });
  return links.split("\n").flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
}
