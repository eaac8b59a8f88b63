import { buffer } from "node:stream/consumers";
import { fromBufferPromise, type Entry, type ZipFile } from "yauzl";
import type { FoundPackage, PackageReader } from "./found-package.ts";

const jarBytes = 64 * 1024 * 1024;
const propertiesBytes = 64 * 1024;
const mostEntries = 100_000;

export const pomProperties: PackageReader = {
  files: /(?:^|\/)META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/,
  mostBytes: propertiesBytes,
  read: (content) => readProperties(content.toString("utf8")),
};

/** What Maven wrote into a jar; of a jar without it, as of Gradle, what its file name says. */
export const jar: PackageReader = {
  files: /\.(?:jar|war|ear)$/,
  mostBytes: jarBytes,
  read: async (content, path) => await readJar(content, { path, isNested: false }),
};

async function readJar(
  content: Buffer,
  { path, isNested }: { readonly path: string; readonly isNested: boolean },
): Promise<FoundPackage[]> {
  const zip = await fromBufferPromise(content);
  if (zip.entryCount > mostEntries) throw new Error(`it has ${zip.entryCount} entries`);
  const own: FoundPackage[] = [];
  const nested: FoundPackage[] = [];
  for await (const entry of zip.eachEntry()) {
    const { fileName, uncompressedSize } = entry;
    if (pomProperties.files.test(fileName) && uncompressedSize <= propertiesBytes) {
      own.push(...readProperties((await contentOf(zip, entry)).toString("utf8")));
    } else if (!isNested && fileName.endsWith(".jar") && uncompressedSize <= jarBytes) {
      const inner = await contentOf(zip, entry);
      nested.push(...(await readJar(inner, { path: fileName, isNested: true })));
    }
  }
  return [...(own.length > 0 ? own : byFileName(path)), ...nested];
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  return await buffer(await zip.openReadStreamPromise(entry));
}

function readProperties(text: string): FoundPackage[] {
  const value = (key: string) =>
    new RegExp(`^\\s*${key}\\s*[=:]\\s*(\\S+)\\s*$`, "m").exec(text)?.[1];
  const [namespace, name, version] = [value("groupId"), value("artifactId"), value("version")];
  if (namespace === undefined || name === undefined || version === undefined) return [];
  return [{ ecosystem: "maven", namespace, name, version, evidence: "installed" }];
}

function byFileName(path: string): FoundPackage[] {
  const match = /(?:^|\/)([^/]+?)-(\d[^/]*)\.(?:jar|war|ear)$/.exec(path);
  const [, name, version] = match ?? [];
  if (name === undefined || version === undefined) return [];
  return [{ ecosystem: "maven", namespace: undefined, name, version, evidence: "installed" }];
}
