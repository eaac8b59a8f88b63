import assert from "node:assert/strict";
import { request } from "node:http";
import path from "node:path";
import { describe, test } from "node:test";
import type { Files, RunningApp, StagingFolder } from "../staging-folder.ts";
import { examplesDir, folderWithShippedBuildpacks } from "./shipped-buildpacks.ts";

const order = ["staticfile_buildpack"];
const longText = "a line of text that compresses well\n".repeat(200);

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

// Sends the path as it is: fetch would tidy "/../" away.
async function ask(app: RunningApp, target: string, question: Question = {}): Promise<Answer> {
  const url = new URL(app.url);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { method = "GET", headers = {} } = question;
  request({ host: url.hostname, port: url.port, path: target, method, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
  })
    .on("error", reject)
    .end();
  return promise;
}

for (const server of ["nginx", "node"]) {
  describe(`staticfile_buildpack with ${server}`, () => {
    async function serving(
      folder: StagingFolder,
      files: Files,
      env: Readonly<Record<string, string>> = {},
    ): Promise<RunningApp> {
      await folder.app(files);
      const staged = await folder.stage({ order, env: { STATICFILE_SERVER: server } });
      assert.deepEqual([staged.status, staged.stderr], [0, ""]);
      return folder.serve(await folder.unpackDroplet(), "$HOME/boot.sh", env);
    }

    test("the example answers with its pages, its types and its own page for 404", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await folder.appFolder(path.join(examplesDir, "static-site"));
      const staged = await folder.stage({ order, env: { STATICFILE_SERVER: server } });
      assert.deepEqual([staged.status, staged.stderr], [0, ""]);
      await using app = await folder.serve(await folder.unpackDroplet(), "$HOME/boot.sh");

      const index = await ask(app, "/");
      const style = await ask(app, "/style.css");
      const picture = await ask(app, "/mural.svg");
      const missing = await ask(app, "/nothing");
      const outside = await ask(app, "/manifest.yml");

      assert.deepEqual(
        [index.status, index.headers["content-type"]],
        [200, "text/html; charset=utf-8"],
      );
      assert.match(index.body, /Pushed, staged, running\./);
      assert.deepEqual(
        [style.status, style.headers["content-type"]],
        [200, "text/css; charset=utf-8"],
      );
      assert.deepEqual(
        [picture.status, picture.headers["content-type"]],
        [200, "image/svg+xml; charset=utf-8"],
      );
      assert.equal(missing.status, 404);
      assert.match(missing.body, /There is no such page\./);
      assert.equal(outside.status, 404);
    });

    test("nothing outside of what is served can be read", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile: "",
        "index.html": "front",
        ".secret": "no",
        ".git/config": "no",
        "manifest.yml": "no",
        ".profile": "true",
      });

      for (const target of [
        "/../boot.sh",
        "/%2e%2e/boot.sh",
        "/..%2fboot.sh",
        "/a/../../boot.sh",
        "/.secret",
        "/%2esecret",
        "/.git/config",
        "/Staticfile",
        "/manifest.yml",
        "/.profile",
        "/%00",
      ]) {
        const answer = await ask(app, target);
        assert.ok([400, 403, 404].includes(answer.status ?? 0), `${target}: ${answer.status}`);
        assert.doesNotMatch(answer.body, /^no$|exec/);
      }
    });

    test("folders: redirect to the slash, their index, a listing only when it was asked for", async () => {
      await using folder = await folderWithShippedBuildpacks();
      const files = { "docs/index.html": "docs", "files/a b.txt": "x" };
      {
        await using app = await serving(folder, { Staticfile: "", ...files });
        const bare = await ask(app, "/docs?q=1");
        assert.deepEqual([bare.status, bare.headers["location"]], [301, "/docs/?q=1"]);
        assert.equal((await ask(app, "/docs/")).body, "docs");
        assert.equal((await ask(app, "/files/")).status, 403);
      }
      await using app = await serving(folder, { Staticfile: "directory: visible\n", ...files });
      const listing = await ask(app, "/files/");
      assert.equal(listing.status, 200);
      assert.match(listing.body, /<a href="a%20b\.txt">a b\.txt<\/a>/);
    });

    test("pushstate answers unknown paths with the front page, and files with themselves", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile: "root: dist\npushstate: enabled\n",
        "dist/index.html": "single page",
        "dist/app.js": "code",
        "src/secret.js": "source",
      });

      assert.deepEqual(
        [(await ask(app, "/any/route")).status, (await ask(app, "/any/route")).body],
        [200, "single page"],
      );
      assert.equal((await ask(app, "/app.js")).body, "code");
      assert.equal((await ask(app, "/src/secret.js")).body, "single page");
    });

    test("https is forced by the Staticfile or by FORCE_HTTPS, and Strict-Transport-Security is sent", async () => {
      await using folder = await folderWithShippedBuildpacks();
      const https = { headers: { "X-Forwarded-Proto": "https", Host: "app.example.com" } };
      const http = { headers: { "X-Forwarded-Proto": "http", Host: "app.example.com" } };
      {
        await using app = await serving(folder, {
          Staticfile:
            "force_https: true\nhttp_strict_transport_security: true\nhttp_strict_transport_security_include_subdomains: true\n",
          "index.html": "front",
        });
        const redirect = await ask(app, "/a?b=c", http);
        assert.deepEqual(
          [redirect.status, redirect.headers["location"]],
          [301, "https://app.example.com/a?b=c"],
        );
        const behindProxy = await ask(app, "/a", {
          headers: {
            ...http.headers,
            "X-Forwarded-Host": "www.example.com, app.example.com",
            "X-Forwarded-Prefix": "/shop",
          },
        });
        assert.equal(behindProxy.headers["location"], "https://www.example.com/shop/a");
        const secure = await ask(app, "/", https);
        assert.deepEqual(
          [secure.status, secure.headers["strict-transport-security"]],
          [200, "max-age=31536000; includeSubDomains"],
        );
      }
      await using app = await serving(
        folder,
        { Staticfile: "", "index.html": "front" },
        { FORCE_HTTPS: "true" },
      );
      assert.equal((await ask(app, "/", http)).status, 301);
      assert.equal((await ask(app, "/", https)).status, 200);
    });

    test("Staticfile.auth asks for a password: htpasswd's default and SHA", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile: "",
        // Made by `openssl passwd -apr1 -salt rivera00 mural`, and SHA-1 of "fresco".
        "Staticfile.auth": `diego:$apr1$rivera00$vi53pT27PVmJZ8v.wtKwB0\nfrida:{SHA}xyQZE5U1zNaHXuiifSgDwOuS+mE=\n`,
        "index.html": "front",
      });
      const as = (credentials: string): Question => ({
        headers: { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
      });

      const anonymous = await ask(app, "/");
      assert.deepEqual(
        [anonymous.status, anonymous.headers["www-authenticate"]],
        [401, 'Basic realm="Restricted"'],
      );
      assert.equal((await ask(app, "/", as("diego:mural"))).body, "front");
      assert.equal((await ask(app, "/", as("frida:fresco"))).body, "front");
      assert.equal((await ask(app, "/", as("diego:fresco"))).status, 401);
      assert.equal((await ask(app, "/", as("nobody:mural"))).status, 401);
    });

    test("ranges, conditions and compression are HTTP's own", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile: "",
        "long.txt": longText,
        "short.txt": "0123456789",
        "empty.txt": "",
      });

      const part = await ask(app, "/short.txt", { headers: { Range: "bytes=2-4" } });
      const tail = await ask(app, "/short.txt", { headers: { Range: "bytes=-3" } });
      const beyond = await ask(app, "/short.txt", { headers: { Range: "bytes=20-" } });
      assert.deepEqual(
        [part.status, part.body, part.headers["content-range"]],
        [206, "234", "bytes 2-4/10"],
      );
      assert.deepEqual([tail.status, tail.body], [206, "789"]);
      assert.equal(beyond.status, 416);

      const whole = await ask(app, "/short.txt");
      const etag = String(whole.headers["etag"]);
      const unchanged = await ask(app, "/short.txt", { headers: { "If-None-Match": etag } });
      assert.deepEqual([unchanged.status, unchanged.body], [304, ""]);

      const zipped = await ask(app, "/long.txt", { headers: { "Accept-Encoding": "gzip" } });
      assert.deepEqual(
        [zipped.headers["content-encoding"], zipped.headers["vary"]],
        ["gzip", "Accept-Encoding"],
      );
      assert.equal((await ask(app, "/long.txt")).body, longText);

      const head = await ask(app, "/short.txt", { method: "HEAD" });
      assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "10", ""]);
      assert.equal((await ask(app, "/short.txt", { method: "POST" })).status, 405);
      assert.deepEqual(
        [(await ask(app, "/empty.txt")).status, (await ask(app, "/empty.txt")).body],
        [200, ""],
      );
    });

    test("requests are logged, and SIGTERM ends the server", async () => {
      await using folder = await folderWithShippedBuildpacks();
      const app = await serving(folder, { Staticfile: "", "index.html": "front" });

      await ask(app, "/", { headers: { "X-Forwarded-For": "203.0.113.9" } });
      const status = await app.stop();

      assert.equal(status, 0);
      assert.match(await app.output(), /^203\.0\.113\.9 - - - \[.*\] "GET \/ HTTP\/1\.1" 200 5$/m);
    });

    test("pages for groups of statuses, listings, preload and the app's own types, as the original takes them", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile:
          "root: site\ndirectory: yes please\nstatus_codes: {4xx: /sorry.html}\nhttp_strict_transport_security: enabled\nhttp_strict_transport_security_preload: true\n",
        "site/sorry.html": "sorry",
        "site/files/plan.kml": "<kml/>",
        "site/files/wall.fresco": "lime",
        "site/mime.types": "types {\n  text/html html;\n  image/x-fresco fresco;\n}\n",
      });

      const missing = await ask(app, "/nothing");
      assert.deepEqual([missing.status, missing.body], [404, "sorry"]);
      assert.equal(missing.headers["strict-transport-security"], "max-age=31536000; preload");
      assert.match((await ask(app, "/files/")).body, /plan\.kml/);
      assert.equal(
        (await ask(app, "/files/wall.fresco")).headers["content-type"],
        "image/x-fresco",
      );
      assert.equal((await ask(app, "/mime.types")).status, 404);
    });

    test("dot files are served when the Staticfile says so", async () => {
      await using folder = await folderWithShippedBuildpacks();
      await using app = await serving(folder, {
        Staticfile: "host_dot_files: true\n",
        ".well-known/security.txt": "contact",
      });

      assert.equal((await ask(app, "/.well-known/security.txt")).body, "contact");
    });
  });
}

test("what only nginx can do is refused without nginx", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ Staticfile: "ssi: enabled\n", "index.html": "" });

  const staged = await folder.stage({ order, env: { STATICFILE_SERVER: "node" } });

  assert.equal(staged.status, 223);
  assert.match(staged.stderr, /ssi needs nginx, which is not in this stack\./);
});

test("ssi fills pages in, and location_include takes the app's own lines into nginx's configuration", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    Staticfile: "root: public\nssi: enabled\nlocation_include: includes/*.conf\n",
    "nginx/conf/includes/headers.conf": "add_header X-Mural blue;\n",
    "public/index.html": '<!--#include virtual="/part.html" --> front',
    "public/part.html": "part and",
  });
  const staged = await folder.stage({ order, env: { STATICFILE_SERVER: "nginx" } });
  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  await using app = await folder.serve(await folder.unpackDroplet(), "$HOME/boot.sh");

  const front = await ask(app, "/");
  assert.deepEqual([front.headers["x-mural"], front.body], ["blue", "part and front"]);
});

test("files that were compressed before the push are sent as they are, or unpacked", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ Staticfile: "", "app.js": longText });
  await folder.run("gzip", [folder.path("app", "app.js")]);
  await folder.stage({ order, env: { STATICFILE_SERVER: "nginx" } });
  await using app = await folder.serve(await folder.unpackDroplet(), "$HOME/boot.sh");

  const zipped = await ask(app, "/app.js", { headers: { "Accept-Encoding": "gzip" } });
  const plain = await ask(app, "/app.js");

  assert.equal(zipped.headers["content-encoding"], "gzip");
  assert.deepEqual([plain.headers["content-encoding"], plain.body], [undefined, longText]);
  assert.match(String(plain.headers["content-type"]), /^application\/javascript/);
});

test("the app's own nginx.conf takes the place of ours, with what nginx needs added", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    Staticfile: "root: site\nforce_https: true\n",
    "site/index.html": "front",
    "site/nginx.conf": `worker_processes 1;
events {}
http {
  include mime.types;
  access_log ((APP_ROOT))/nginx/logs/access.log;
  server {
    listen ((PORT));
    root ((APP_ROOT))/public;
    add_header X-Mural own;
  }
}
`,
  });
  const staged = await folder.stage({ order, env: { STATICFILE_SERVER: "nginx" } });
  assert.match(staged.stdout, /own nginx\.conf replaces what Staticfile and Staticfile\.auth say/);
  const app = await folder.serve(await folder.unpackDroplet(), "$HOME/boot.sh");

  const front = await ask(app, "/");
  const configuration = await ask(app, "/nginx.conf");
  await app.stop();

  assert.deepEqual([front.status, front.body, front.headers["x-mural"]], [200, "front", "own"]);
  assert.equal(configuration.status, 404);
  assert.match(await app.output(), /"GET \/ HTTP\/1\.1" 200/);
});

test("settings that have no effect are warned of", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    Staticfile: "http_strict_transport_security_preload: true\nenable_http2: true\ncolour: teal\n",
    "nginx/conf/includes/headers.conf": "",
    "index.html": "",
  });

  const { status, stdout } = await folder.stage({ order });

  assert.equal(status, 0);
  for (const warning of [
    /http_strict_transport_security is not enabled, and without it/,
    /enable_http2 has no effect: the router speaks HTTP\/1\.1/,
    /"colour" is not a setting of this buildpack/,
    /There is an nginx\/conf folder but no root\./,
  ]) {
    assert.match(stdout, warning);
  }
});

test("a Staticfile that cannot be meant so ends in one line that says why", async (t) => {
  const cases = [
    ["root: nowhere\n", /specifies a root directory "nowhere" that does not exist\./],
    ["root: ../..\n", /root: "\.\.\/\.\." leads out of the app\./],
    ["just some words\n", /Staticfile, line 1: expected "key: value", found "just some words"/],
    [
      "status_codes:\n  404: pages;evil\n",
      /status_codes: expected a line such as "404: \/404\.html"/,
    ],
    [
      'location_include: "x; evil"\n',
      /location_include: "x; evil" is not a path below nginx\/conf\./,
    ],
  ] as const;
  for (const [staticfile, error] of cases) {
    await t.test(staticfile.trim(), async () => {
      await using folder = await folderWithShippedBuildpacks();
      await folder.app({ Staticfile: staticfile, "index.html": "" });

      const staged = await folder.stage({ order });

      assert.equal(staged.status, 223);
      assert.match(staged.stderr, error);
    });
  }
});
