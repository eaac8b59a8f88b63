import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { loggedIn, passwordGrant, type Api } from "../support/api.ts";
import { eventually, runCli, TestPlatform } from "../support/test-platform.ts";

let platform: TestPlatform;
let api: Api;

before(async () => {
  platform = await TestPlatform.start();
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

/** An app whose staging runs this line of shell in the nodejs buildpack's first hook. */
function stagingRuns(line: string): Record<string, string> {
  return {
    "package.json": JSON.stringify({
      name: "staging",
      version: "1.0.0",
      scripts: { "heroku-prebuild": line, start: "node server.js" },
    }),
    ...nodeServer("staging"),
  };
}

async function push(name: string, files: Record<string, string>, args: string[] = []) {
  using folder = appFolder(files);
  return await platform.rivera(["push", name, ...args], { cwd: folder.path });
}

async function newestBuild(name: string): Promise<{ state: string; error: string | null }> {
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  const builds = await api("GET", `/v3/apps/${json.resources[0].guid}/builds?order_by=-created_at`);
  return builds.json.resources[0];
}

test("no buildpack detects: the original's error, and what was tried", async () => {
  const result = await push("nothing", { "readme.txt": "no app in here\n" });

  assert.equal(result.status, 1);
  assert.match(
    result.stdout + result.stderr,
    /NoAppDetectedError - An app was not successfully detected by any available buildpack/,
  );
  assert.match(result.stdout, /None of the buildpacks detected a compatible application/);
  assert.match(result.stdout, /nodejs_buildpack/);
  assert.match(result.stdout, /procfile_buildpack/);
});

test("a staging script that fails: its output, the exit status and the phase; and it has seen no secret", async () => {
  const look = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; mount";
  const result = await push("failing", stagingRuns(`${look}; echo this is why >&2; exit 42`));

  assert.equal(result.status, 1);
  assert.match(result.stdout, /this is why/);
  // It has seen the builder itself, and neither where the droplet goes nor by whose leave.
  assert.match(result.stdout, /-outputDroplet=/);
  assert.doesNotMatch(result.stdout, /signature=|\/internal\/v\d|secret|token/i);
  assert.match(result.stdout, /Exit status 223/);
  assert.match(
    result.stdout + result.stderr,
    /BuildpackCompileFailed - App staging failed in the buildpack compile phase/,
  );
  assert.equal((await newestBuild("failing")).state, "FAILED");
});

test("a staging script killed for memory says so", async () => {
  const result = await push(
    "hungry",
    stagingRuns('node -e "const a=[];for(;;)a.push(Buffer.alloc(1<<24,1))"'),
  );

  assert.equal(result.status, 1);
  assert.match(result.stdout, /out of memory|Killed|SIGKILL|137/);
  assert.match(
    (await newestBuild("hungry")).error ?? "",
    /^(StagingError|BuildpackCompileFailed) - /,
  );
});

test("a staging script that prints 100 MB ends, and the platform goes on", async () => {
  const result = await push(
    "noisy",
    stagingRuns("head -c 100000000 /dev/zero | tr '\\\\0' 'x' | fold -w 1000; echo; echo the end"),
  );

  assert.equal(result.status, 0, result.stderr.slice(-2_000));
  assert.match(result.stdout, /the end/);
  assert.equal((await platform.fetchApp("noisy.apps.localhost")).body, "staging 0");
});

test("a staging script that forks without end meets its limit, and what runs beside it goes on", async () => {
  const folder = stagingRuns("bomb() { bomb | bomb & }; bomb; sleep 3; echo outlived it");
  const pushing = push("bomb", folder);
  const answers: string[] = [];
  let isOver = false;
  void pushing.finally(() => (isOver = true));
  while (!isOver) {
    answers.push((await platform.fetchApp("noisy.apps.localhost")).body);
    assert.equal((await api("GET", "/v3/info")).status, 200);
  }

  const result = await pushing;
  assert.match(result.stdout + result.stderr, /[Cc]annot fork|Resource temporarily unavailable/);
  assert.deepEqual([...new Set(answers)], ["staging 0"]);
  const build = await newestBuild("bomb");
  assert.ok(["STAGED", "FAILED"].includes(build.state));
  assert.equal((await platform.fetchApp("noisy.apps.localhost")).body, "staging 0");
});

test("an app that never listens: start time-out with the client's hint", async () => {
  using folder = appFolder({ Procfile: "web: sleep 1000\n" });
  const result = await platform.rivera(["push", "deaf", "-t", "3", "-m", "64M"], {
    cwd: folder.path,
    timeoutMs: 120_000,
  });

  assert.equal(result.status, 1);
  assert.match(result.stdout + result.stderr, /Start (unsuccessful|app timeout)/);
  assert.match(
    result.stdout + result.stderr,
    /TIP: use 'rivera logs deaf --recent'|logs deaf --recent/,
  );
  await eventually(
    async () => {
      const logs = await platform.rivera(["logs", "deaf", "--recent"]);
      return /Instance never healthy|startup health check never passed/.test(logs.stdout)
        ? true
        : undefined;
    },
    { withinMs: 60_000, what: () => "the reason in the log" },
  );
});

test("a wrong password, an expired or forged token and another user's space get the right status", async () => {
  const { admin, api: url } = platform.addresses;
  const wrong = await passwordGrant(platform.addresses, {
    username: admin.username,
    password: "no",
  });
  const [header = "", payload = "", signature = ""] = api.token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString(
    "base64url",
  );
  const withToken = (token: string | undefined) =>
    fetch(
      `${url}/v3/apps`,
      token === undefined ? {} : { headers: { authorization: `bearer ${token}` } },
    );

  assert.equal(wrong.status, 401);
  assert.equal(((await wrong.json()) as { error: string }).error, "invalid_client");
  const forgedAnswer = await withToken(`${header}.${forged}.${signature}`);
  assert.equal(forgedAnswer.status, 401);
  assert.deepEqual(await forgedAnswer.json(), {
    errors: [{ code: 1000, title: "CF-InvalidAuthToken", detail: "Invalid Auth Token" }],
  });
  assert.equal((await withToken(undefined)).status, 401);
  assert.equal((await withToken("nonsense")).status, 401);
});

test("a user without a role in the space sees nothing of it and may not write into it", async () => {
  const created = await fetch(`${platform.addresses.uaa}/Users`, {
    method: "POST",
    headers: { authorization: `bearer ${api.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      userName: "stranger",
      password: "stranger-pw",
      emails: [{ value: "stranger@example.org", primary: true }],
      name: { givenName: "s", familyName: "t" },
    }),
  });
  assert.equal(created.status, 201, await created.text());
  const stranger = await loggedIn(platform.addresses, {
    username: "stranger",
    password: "stranger-pw",
  });
  const spaces = await api("GET", "/v3/spaces");
  const space = spaces.json.resources[0].guid;

  assert.deepEqual((await stranger("GET", "/v3/spaces")).json.resources, []);
  assert.equal((await stranger("GET", `/v3/spaces/${space}`)).status, 404);
  const create = await stranger("POST", "/v3/apps", {
    name: "theirs",
    relationships: { space: { data: { guid: space } } },
  });
  assert.equal(create.status, 422);
  assert.match(
    create.json.errors[0].detail,
    /Invalid space\. Ensure that the space exists and you have access to it\./,
  );
});

test("zips that would write elsewhere or lie are refused, and nothing of them is kept", async () => {
  const spaces = await api("GET", "/v3/spaces");
  const app = await api("POST", "/v3/apps", {
    name: "zipped",
    relationships: { space: { data: { guid: spaces.json.resources[0].guid } } },
  });
  const attacks: Record<string, string> = {
    "../escape": "z.writestr('../escape', 'x')",
    "an absolute name": "z.writestr('/etc/rivera-escape', 'x')",
    "a link to outside":
      "i=zipfile.ZipInfo('link'); i.create_system=3; i.external_attr=0o120777<<16; z.writestr(i, '../../../etc/passwd')",
    "a lying size":
      "z.writestr('a', 'x'*100000); z.close(); b=bytearray(open(sys.argv[1],'rb').read()); p=b.rfind(b'PK\\x01\\x02'); b[p+24:p+28]=(5).to_bytes(4,'little'); open(sys.argv[1],'wb').write(b); sys.exit()",
    "no zip at all": "z.close(); open(sys.argv[1],'wb').write(b'hello'); sys.exit()",
  };
  for (const [what, python] of Object.entries(attacks)) {
    using folder = appFolder({});
    const file = `${folder.path}/bad.zip`;
    const made = await runCli(
      "python3",
      ["-c", `import sys, zipfile\nz=zipfile.ZipFile(sys.argv[1],'w')\n${python}`, file],
      { cwd: "/", env: {}, timeoutMs: 20_000 },
    );
    assert.equal(made.status, 0, made.stderr);
    const created = await api("POST", "/v3/packages", {
      type: "bits",
      relationships: { app: { data: { guid: app.json.guid } } },
    });
    const upload = await runCli(
      "curl",
      [
        "-sS",
        "-H",
        `Authorization: bearer ${api.token}`,
        "-F",
        `bits=@${file};filename=package.zip`,
        `${platform.addresses.api}/v3/packages/${created.json.guid}/upload`,
      ],
      { cwd: "/", env: {}, timeoutMs: 30_000 },
    );
    assert.equal(upload.status, 0, upload.stderr);
    const state = await eventually(
      async () => {
        const { json } = await api("GET", `/v3/packages/${created.json.guid}`);
        return json.state === "PROCESSING_UPLOAD" ? undefined : json;
      },
      { withinMs: 30_000, what: () => `${what} to be judged` },
    );
    assert.equal(state.state === "READY", false, `${what} was taken`);
    assert.match(
      JSON.stringify(state.data.error ?? upload.stdout),
      /invalid|not safe|zip|File path/i,
      what,
    );
  }
});
