import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { xxhash64 } from "../builder/xxhash64.ts";
import type { Files, StagingFolder } from "../staging-folder.ts";
import { folderWithShippedBuildpacks } from "./shipped-buildpacks.ts";

// A war and Tomcat around it, with a Java that runs nothing and a Maven that loads nothing: what a real Tomcat makes of it
// is in test/buildpacks/java.test.ts.

const fakeJava = (version: string): string => `#!/bin/bash
echo "    java.specification.version = ${version}" >&2
`;

/** Leaves a Tomcat whose name is the version that the project asked for. */
const fakeMaven = `#!/bin/bash
for argument; do
  case "$argument" in
    */pom.xml) pom="$argument" ;;
    -DoutputDirectory=*) folder="\${argument#*=}" ;;
  esac
done
tomcat="$folder/apache-tomcat-$(sed -n 's,.*<artifactId>tomcat</artifactId><version>\\([^<]*\\).*,\\1,p' "$pom")"
mkdir -p "$tomcat/bin" "$tomcat/conf" "$tomcat/lib" "$tomcat/webapps/examples"
printf '#!/bin/sh\\necho "$1: $CATALINA_OPTS"\\n' >"$tomcat/bin/catalina.sh"
`;

async function stageWar(
  folder: StagingFolder,
  {
    files,
    env = {},
    java = "17",
  }: {
    readonly files: Files;
    readonly env?: Readonly<Record<string, string>>;
    readonly java?: string;
  },
) {
  await folder.app(files);
  await folder.buildpack("fake", {
    "bin/java": fakeJava(java),
    "bin/javac": "#!/bin/bash\n",
    "bin/mvn": fakeMaven,
  });
  const searchPath = `${folder.path("buildpacks", xxhash64("fake"))}/bin:/usr/bin:/bin`;
  return await folder.stage({ order: ["java_buildpack"], env: { PATH: searchPath, ...env } });
}

const unpackedWar = { "WEB-INF/web.xml": "<web-app/>" };

for (const { name, context, ...app } of [
  {
    name: "an unpacked war gets Tomcat 10.1, at the root",
    files: unpackedWar,
    version: "[10.1,10.1.99999]",
    context: { "ROOT.xml": '<Context docBase="${app.folder}"/>\n' },
  },
  {
    name: "the app chooses the line of Tomcat and its context path",
    files: unpackedWar,
    env: { JBP_CONFIG_TOMCAT: "{ tomcat: { version: 9.0.+, context_path: /first/second } }" },
    version: "[9.0,9.0.99999]",
    context: { "first#second.xml": '<Context docBase="${app.folder}"/>\n' },
  },
  {
    name: "a whole version is taken as it is",
    files: unpackedWar,
    env: { JBP_CONFIG_TOMCAT: "{tomcat: {version: 10.1.30}}" },
    version: "10.1.30",
    context: { "ROOT.xml": '<Context docBase="${app.folder}"/>\n' },
  },
  {
    name: "Java 8 gets Tomcat 9",
    files: unpackedWar,
    java: "1.8",
    version: "[9.0,9.0.99999]",
    context: { "ROOT.xml": '<Context docBase="${app.folder}"/>\n' },
  },
  {
    name: "a war's own context.xml stays, at another place",
    files: {
      ...unpackedWar,
      "META-INF/context.xml":
        '<Context docBase="/srv" reloadable="false">\n  <Manager/>\n</Context>\n',
    },
    version: "[10.1,10.1.99999]",
    context: {
      "ROOT.xml":
        '<Context docBase="${app.folder}" reloadable="false">\n  <Manager/>\n</Context>\n',
    },
  },
  {
    name: "a war that lies in the folder is served out of it",
    files: { "shop.war": "a zip without a Main-Class" },
    version: "[10.1,10.1.99999]",
    context: { "ROOT.xml": '<Context docBase="${app.folder}/shop.war"/>\n' },
  },
]) {
  test(`java_buildpack: ${name}`, async () => {
    await using folder = await folderWithShippedBuildpacks();

    const staged = await stageWar(folder, app);

    assert.equal(staged.status, 0, staged.stderr + staged.stdout);
    assert.ok(staged.stdout.includes(`Tomcat ${app.version}\n`), staged.stdout);
    assert.match(JSON.stringify(staged.result), /"web":"java-tomcat"/);
    const home = await folder.unpackDroplet();
    const tomcat = path.join(home, "deps/0/tomcat");
    const places = path.join(tomcat, "conf/Catalina/localhost");
    const written: Record<string, string> = {};
    for (const file of await readdir(places)) {
      written[file] = await readFile(path.join(places, file), "utf8");
    }
    assert.deepEqual(written, context);
    assert.match(
      await readFile(path.join(tomcat, "conf/server.xml"), "utf8"),
      /<Listener className="EndWhereTheAppCannotStart"\/>/,
    );
    // Tomcat's own examples are not served.
    assert.deepEqual(await readdir(path.join(tomcat, "webapps")), []);

    const started = await folder.launch(home, "MEMORY_LIMIT=1g PORT=8080 java-tomcat");
    assert.equal(started.status, 0, started.stderr);
    assert.match(started.stdout, /^run: .* -Xmx\d+K -Dhttp\.port=8080 -Dapp\.folder=.*\/app/m);
  });
}

test("java_buildpack refuses a Tomcat version that is none", async () => {
  await using folder = await folderWithShippedBuildpacks();

  const staged = await stageWar(folder, {
    files: unpackedWar,
    env: { JBP_CONFIG_TOMCAT: "{ tomcat: { version: newest } }" },
  });

  assert.equal(staged.status, 223, staged.stdout);
  assert.match(staged.stderr, /JBP_CONFIG_TOMCAT names the Tomcat version "newest", which is none/);
});
