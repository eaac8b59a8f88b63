// What `scripts/test` runs, as a list of processes. A process of its own for each file costs more than what most of them
// test: loading Cloud Controller takes 0.7 s, and its code is slow until it has run a few times.

/** Files that one process runs one after the other, in this order. */
export interface Batch {
  readonly files: readonly string[];
  readonly database: Database;
  /** Whether its temporary files may lie in memory: they are neither run nor a container's. */
  readonly inMemory: boolean;
}

export type Database = "SQLite" | "PostgreSQL";

export interface TestFile {
  readonly path: string;
  /** Hooks at a file's top level are those of the whole process. */
  readonly hasHooks: boolean;
}

/** Those that wait for other programs or for a killed process, begun first: none of them is the last that runs. */
const longest = [
  "test/buildpacks/go.test.ts",
  "src/buildpack-lifecycle/shipped-buildpacks/python-buildpack.test.ts",
  "src/buildpack-lifecycle/shipped-buildpacks/nodejs-package-managers.test.ts",
  "src/buildpack-lifecycle/shipped-buildpacks/nodejs-buildpack.test.ts",
  "src/cloud-controller/packages/killed-upload.test.ts",
];

/** Components whose tests are many and only ask their own servers, and read and write files. */
const together = /^src\/(?:blobstore|cloud-controller|db|diego\/bbs|log-cache|uaa)\//;

/** What has tables: it runs on both databases. */
const onPostgres =
  /^src\/(?:cloud-controller|db|diego\/bbs|uaa)\/|^test\/conformance\/(?:commands|endpoints)\.test\.ts$/;

const filesOfBatch = 12;

/** All of them, in the order in which to begin them; on PostgreSQL once more where there is a server. */
export function batchesOf(files: readonly TestFile[], databases: readonly Database[]): Batch[] {
  const batches = databases.flatMap((database) =>
    grouped(files.filter(({ path }) => database === "SQLite" || onPostgres.test(path))).map(
      (paths) => ({
        files: paths,
        database,
        inMemory: paths.every((path) => together.test(path)),
      }),
    ),
  );
  return batches.toSorted((one, other) => rank(one) - rank(other));
}

function grouped(files: readonly TestFile[]): string[][] {
  const groups = new Map<string, string[]>();
  const alone: string[][] = [];
  for (const { path, hasHooks } of files) {
    if (hasHooks || !together.test(path) || longest.includes(path)) {
      alone.push([path]);
      continue;
    }
    const component = path.split("/").slice(0, 2).join("/");
    groups.set(component, [...(groups.get(component) ?? []), path]);
  }
  return [...alone, ...[...groups.values()].flatMap(chunks)];
}

function chunks(paths: readonly string[]): string[][] {
  const count = Math.ceil(paths.length / filesOfBatch);
  // Dealt out like cards: neighbours in a folder are often alike long.
  return Array.from({ length: count }, (_, at) =>
    paths.filter((_path, index) => index % count === at),
  );
}

function rank({ files: [first = ""], database }: Batch): number {
  if (longest.includes(first)) return longest.indexOf(first);
  if (first.startsWith("test/")) return longest.length;
  return longest.length + (database === "SQLite" ? 1 : 2);
}
