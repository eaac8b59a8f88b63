import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { comparable, OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

const skip = withoutOfficialClient;

let platform: TestPlatform;
let admin: OfficialUser;

before(async () => {
  if (skip !== false) return;
  platform = await TestPlatform.start();
  admin = new OfficialUser(platform, "admin");
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

/** The usage of `push` as the official client has it: one option is ours alone. */
const withoutOwnOption = (said: string) =>
  said.replace(" [--replace-staging]", "").replace(/^ *--replace-staging .*\n/m, "");

async function succeeds(args: readonly string[], cwd?: string): Promise<string> {
  const result = await admin.cf(args, cwd === undefined ? {} : { cwd });
  assert.equal(result.status, 0, `cf ${args.join(" ")}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

test(
  "the official client pushes again, fails and deletes (each command alone: test/conformance)",
  { skip },
  async (t) => {
    const { api, admin: login } = platform.addresses;
    using folder = appFolder({
      ...nodeServer("official"),
      "manifest.yml": `
applications:
- name: official
  memory: 64M
  instances: 1
  buildpacks: [procfile_buildpack]
  env: { COLOUR: blue }
`,
    });

    await t.test("login targets org and space", async () => {
      const out = await succeeds(["login", "-a", api, "-u", login.username, "-p", login.password]);
      assert.match(out, /Targeted org\s+rivera/);
      assert.match(out, /Targeted space\s+dev/);
    });
    await t.test("push shows the diff, the staging log and the summary", async () => {
      const out = await succeeds(["push"], folder.path);
      assert.match(out, /Applying manifest/);
      assert.match(out, /Staging app and tracing logs/);
      assert.match(out, /Downloading procfile_buildpack/);
      assert.match(out, /#0\s+running/);
      assert.equal((await platform.fetchApp("official.apps.localhost")).body, "official 0");
    });
    await t.test("a second push uploads again and replaces the app", async () => {
      folder.write("server.js", nodeServer("changed")["server.js"] ?? "");
      await succeeds(["push"], folder.path);
      const body = await eventually(
        async () => {
          const answer = await platform.fetchApp("official.apps.localhost");
          return answer.body === "changed 0" ? answer.body : undefined;
        },
        { withinMs: 60_000, what: () => "the new code to answer" },
      );
      assert.equal(body, "changed 0");
    });
    await t.test("a failed push prints the build's error and exits with 1", async () => {
      using empty = appFolder({ "readme.txt": "nothing" });
      const result = await admin.cf(["push", "nothing"], { cwd: empty.path });
      assert.equal(result.status, 1);
      assert.match(result.stdout + result.stderr, /NoAppDetectedError/);
    });
    await t.test("delete takes app and route away", async () => {
      await succeeds(["delete", "official", "-f", "-r"]);
      assert.doesNotMatch(await succeeds(["routes"]), /official/);
      assert.equal((await platform.fetchApp("official.apps.localhost")).status, 404);
    });
  },
);

test(
  "a manifest of several apps and processes is applied, shown and read back",
  { skip },
  async (t) => {
    using folder = appFolder({
      ...nodeServer("several"),
      Procfile: "web: node server.js\nworker: while true; do echo working; sleep 1; done\n",
      "manifest.yml": `
applications:
- name: first
  memory: 64M
  buildpacks: [procfile_buildpack]
  metadata: { labels: { team: blue } }
  routes:
  - route: chosen.apps.localhost
  - route: chosen.apps.localhost/path
  processes:
  - { type: worker, memory: 32M, instances: 1, health-check-type: process }
- name: second
  memory: 64M
  no-route: true
  buildpacks: [procfile_buildpack]
  command: sleep 1000
  health-check-type: process
`,
    });

    await t.test("push starts both apps and all processes", async () => {
      const out = await succeeds(["push"], folder.path);
      assert.match(out, /\+ +- type: worker|\+ +type: worker/);
      assert.match(
        await succeeds(["apps"]),
        /first\s+started\s+web:1\/1, worker:1\/1\s+chosen\.apps\.localhost, chosen\.apps\.localhost\/path\n[^]*second\s+started\s+web:1\/1/,
      );
      assert.equal((await platform.fetchApp("chosen.apps.localhost", "/path")).body, "several 0");
    });
    await t.test("each process shows what it uses itself", async () => {
      const out = await eventually(
        async () => {
          const shown = await succeeds(["app", "first"]);
          return /[1-9][\d.]*[KM] of 64M[^]*[1-9][\d.]*[KM] of 32M/.test(shown) ? shown : undefined;
        },
        { withinMs: 30_000, what: () => "gauges of web and worker" },
      );
      assert.match(out, /cpu entitlement/);
      assert.match(out, /\d\.\d%/);
    });
    await t.test(
      "a second push finds nothing to change, and the manifest can be had back",
      async () => {
        const out = await succeeds(["push", "--no-start"], folder.path);
        assert.doesNotMatch(out, /^[+-] /m);
        assert.match(out, /All files found in remote cache/);
        folder.write("back.yml", "");
        await succeeds(["create-app-manifest", "first", "-p", "back.yml"], folder.path);
        assert.doesNotMatch(
          await succeeds(["apply-manifest", "-f", "back.yml"], folder.path),
          /^[+-] /m,
        );
        assert.match(await succeeds(["labels", "app", "first"]), /team\s+blue/);
      },
    );
    await t.test(
      "what is staged can be downloaded, pushed again as a droplet, and copied",
      async () => {
        await succeeds(["download-droplet", "first", "--path", "droplet.tgz"], folder.path);
        await succeeds(["push", "third", "--no-manifest", "--droplet", "droplet.tgz"], folder.path);
        assert.equal((await platform.fetchApp("third.apps.localhost")).body, "several 0");
        assert.match(await succeeds(["droplets", "third"]), /\(current\)\s+staged/);
        await succeeds(["copy-source", "first", "second", "--no-restart"]);
        assert.match(await succeeds(["packages", "second"]), /ready[^]*ready/);
      },
    );
    for (const name of ["first", "second", "third"]) await succeeds(["delete", name, "-f", "-r"]);
  },
);

test("roles decide what a second user may do", { skip }, async () => {
  const { api } = platform.addresses;
  await succeeds(["create-app", "guarded"]);
  for (const [name, role] of [
    ["ann", "SpaceDeveloper"],
    ["bob", "SpaceAuditor"],
  ] as const) {
    await succeeds(["create-user", name, "secret"]);
    await succeeds(["set-space-role", name, "rivera", "dev", role]);
  }
  assert.match(
    await succeeds(["space-users", "rivera", "dev"]),
    /SPACE DEVELOPER\n {2}ann \(uaa\)[^]*SPACE AUDITOR\n {2}bob \(uaa\)/,
  );
  const [ann, bob] = [new OfficialUser(platform, "ann"), new OfficialUser(platform, "bob")];
  for (const [user, name] of [
    [ann, "ann"],
    [bob, "bob"],
  ] as const) {
    const login = await user.cf(["login", "-a", api, "-u", name, "-p", "secret"]);
    assert.match(login.stdout, /Targeted space dev/, login.stderr);
    assert.equal((await user.cf(["app", "guarded"])).status, 0);
  }
  assert.equal((await ann.cf(["set-env", "guarded", "A", "b"])).status, 0);
  for (const args of [
    ["set-env", "guarded", "A", "b"],
    ["env", "guarded"],
    ["scale", "guarded", "-i", "2"],
    ["delete", "guarded", "-f"],
    ["push", "mine"],
    ["create-space", "mine"],
  ]) {
    const refused = await bob.cf(args);
    assert.equal(refused.status, 1, args.join(" "));
    assert.match(refused.stderr, /You are not authorized to perform the requested action/);
  }
  await succeeds(["unset-space-role", "bob", "rivera", "dev", "SpaceAuditor"]);
  assert.match((await bob.cf(["app", "guarded"])).stderr, /App 'guarded' not found/);
  await succeeds(["delete", "guarded", "-f"]);
});

test("our client says what the official one says", { skip }, async (t) => {
  const { api, admin: login } = platform.addresses;
  await platform.rivera(["login", "-a", api, "-u", login.username, "-p", login.password]);
  using folder = appFolder(nodeServer("same"));
  using empty = appFolder({});
  folder.write("manifest.yml", "applications:\n- name: same\n  memory: 64M\n");
  await succeeds(["push", "-b", "procfile_buildpack"], folder.path);
  await succeeds(["create-app", "bare"]);
  const same = async (args: readonly string[], cwd = folder.path) => {
    await t.test(`rivera ${args.join(" ")}`, async () => {
      const [theirs, ours] = await Promise.all([
        admin.cf(args, { cwd }),
        platform.rivera(args, { cwd }),
      ]);
      assert.equal(withoutOwnOption(comparable(ours)), comparable(theirs));
    });
  };

  for (const words of [
    "target",
    "apps",
    "app same",
    "app same --guid",
    "app bare",
    "app nope",
    "app",
    "app same too-many",
    "app --nope same",
    "env same",
    "events same",
    "logs same --recent",
    "logs nope",
    "routes",
    "routes --org-level",
    "orgs",
    "spaces",
    "buildpacks",
    "stop bare",
    "stop nope",
    "start same",
    "start bare",
    "restart nope",
    "restage nope",
    "scale same",
    "scale same -i -3",
    "scale same --process nope -i 2",
    "delete nope -f",
    "delete same",
    "set-env nope A b",
    "create-org rivera",
    "create-space dev",
    "create-route apps.localhost -n same",
    "create-route nope.example.com",
    "map-route same apps.localhost -n same",
    "unmap-route same apps.localhost -n nope",
    "delete-route apps.localhost -n nope -f",
    "delete-route nope.example.com -f",
    "push same -p /nope",
    "push same -m 64",
    "push same -b nope_buildpack",
    "push same -s nope_stack",
    "push same --no-route --random-route",
    "curl /v3/nope",
    "curl /v3/nope --fail",
    "help restage",
    "help scale",
  ]) {
    await same(words.split(" "));
  }
  await same(["push", "empty"], empty.path);
  await succeeds(["delete", "same", "-f", "-r"]);
  await succeeds(["delete", "bare", "-f"]);
});
