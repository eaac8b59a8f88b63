import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { answer, hasProgram, push, setEnv, skipLarge } from "../support/stage-and-serve.ts";
import { plainJar } from "../support/plain-jar.ts";
import { TestPlatform } from "../support/test-platform.ts";

const fixtures = path.resolve(import.meta.dirname, "../fixtures");
const skip =
  hasProgram("javac") && hasProgram("mvn")
    ? false
    : "there is no JDK with Maven: scripts/setup --languages";
let platform: TestPlatform;

before(async () => {
  if (skip !== false) return;
  platform = await TestPlatform.start();
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

test("an executable jar runs within its memory, with JAVA_OPTS", { skip }, async () => {
  const args = ["-p", await plainJar(platform.dataDir), "-m", "256M"];
  await push(platform, "plain-jar", { cwd: fixtures, args: [...args, "--no-start"] });
  for (const greeting of ["first time", "second time"]) {
    await setEnv(platform, "plain-jar", ["JAVA_OPTS", `-Dgreeting="${greeting}"`]);
    const shown = await push(platform, "plain-jar", { cwd: fixtures, args });

    assert.match(shown, /Using Java \d+ of the stack/);
    assert.match(shown, /Main class: org\.example\.Main/);
    const { body } = await answer(platform, "plain-jar");
    const told = /^Hello from Java, heap (\d+) MB, (.*)\n$/.exec(body);
    assert.equal(told?.[2], greeting);
    // What is left of 256 MB beside metaspace, compiled code and threads: not a quarter of the machine's memory.
    const heap = Number(told?.[1]);
    assert.ok(heap > 64 && heap < 160, `heap ${heap} MB`);
  }
});

test(
  "a Spring Boot project is built by Maven, the second time out of its cache",
  { skip: skip === false ? skipLarge : skip, timeout: 900_000 },
  async () => {
    const options = { cwd: path.join(fixtures, "spring-boot"), args: ["-m", "512M"] };

    const first = await push(platform, "spring-boot", options);

    assert.match(first, /Built target\/spring-boot-1\.0\.jar/);
    const hello = await answer(platform, "spring-boot", "/hello/you");
    assert.deepEqual(hello, { status: 200, body: "Hello you from Spring Boot\n" });

    // Nothing may be loaded this time: Maven ends with an error where its cache lacks a file.
    await setEnv(platform, "spring-boot", [
      "MAVEN_BUILD_ARGUMENTS",
      "--offline -DskipTests package",
    ]);
    const second = await push(platform, "spring-boot", options);

    assert.match(second, /Using the Maven cache of the last staging \([\d.]+M\)/);
    assert.match(second, /Running: mvn --offline/);
    const again = await answer(platform, "spring-boot", "/hello/again");
    assert.deepEqual(again, { status: 200, body: "Hello again from Spring Boot\n" });
  },
);

test(
  "a war is served by Tomcat, and one that cannot start crashes",
  { skip: skip === false ? skipLarge : skip, timeout: 900_000 },
  async () => {
    const folder = path.join(platform.dataDir, "war-app");
    await cp(path.join(fixtures, "war-app"), folder, { recursive: true });
    const options = { cwd: folder, args: ["-m", "512M"] };

    const shown = await push(platform, "war-app", options);

    assert.match(shown, /Tomcat 10\.1\.\d+/);
    const seen = await answer(platform, "war-app", "/seen/here");
    assert.equal(seen.status, 200);
    assert.match(seen.body, /^\s*Asked for \/here by https?: Ω\s*$/);

    const webXml = path.join(folder, "WEB-INF/web.xml");
    const listener = "<listener><listener-class>no.such.Listener</listener-class></listener>";
    const broken = (await readFile(webXml, "utf8")).replace("<servlet>", `${listener}<servlet>`);
    await writeFile(webXml, broken);
    const failed = await platform.rivera(["push", "war-app", "-m", "512M"], {
      cwd: folder,
      timeoutMs: 600_000,
    });

    assert.equal(failed.status, 1, failed.stdout);
    const logs = await platform.rivera(["logs", "war-app", "--recent"]);
    assert.match(logs.stdout, /The app could not be started, its reason stands above/);
  },
);
