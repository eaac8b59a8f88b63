import { readdirSync } from "node:fs";
import path from "node:path";

/**
 * The files by which the well-known buildpacks of each language detect an app (bin/detect of the official ones and of
 * ours). Only for a hint: what detects is the buildpack itself.
 */
const detectFiles: Readonly<Record<string, readonly string[]>> = {
  dotnet_core: ["global.json"],
  go: ["go.mod", "Gopkg.toml", "glide.yaml"],
  java: ["pom.xml", "build.gradle", "build.gradle.kts"],
  nginx: ["nginx.conf"],
  nodejs: ["package.json"],
  php: ["composer.json", "index.php"],
  python: ["requirements.txt", "setup.py", "Pipfile", "pyproject.toml", "environment.yml"],
  r: ["r.yml"],
  ruby: ["Gemfile"],
  staticfile: ["Staticfile"],
};

/** An app may have a hundred thousand files; a hint is not worth more than that. */
const namesMax = 2_000;
const foldersMax = 50;

/** Names in the app's root folder, and in each folder of it. */
export interface AppFiles {
  readonly root: readonly string[];
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

export function lookAround(appDir: string): AppFiles {
  const entries = entriesOf(appDir);
  const folders = entries
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|vendor$)/.test(entry.name))
    .slice(0, foldersMax)
    .map((entry) => entry.name);
  return {
    root: entries.map((entry) => entry.name),
    folders: new Map(
      folders.map((name) => [name, entriesOf(path.join(appDir, name)).map((each) => each.name)]),
    ),
  };
}

/** What a buildpack of that language may have missed, in words for the app's developer. */
export function nearestMiss(language: string, { root, folders }: AppFiles): string | undefined {
  const names = Object.hasOwn(detectFiles, language) ? (detectFiles[language] ?? []) : [];
  if (names.some((name) => root.includes(name))) return undefined;
  for (const name of names) {
    const written = root.find((each) => each.toLowerCase() === name.toLowerCase());
    if (written !== undefined) return `${written} is there, but its name must be written ${name}`;
  }
  for (const [folder, files] of folders) {
    const name = names.find((each) => files.includes(each));
    if (name !== undefined) {
      return `${name} is in the folder ${folder}: push that folder (-p ${folder}) if it is the app`;
    }
  }
  return undefined;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true }).slice(0, namesMax);
  } catch {
    return []; // Nothing that can be looked into is near.
  }
}
