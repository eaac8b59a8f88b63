import { parse } from "yaml";
import { z } from "zod";
import type { DropletBuildpack, DropletSidecar } from "./droplet-contents.ts";

/** Files larger than this are no settings of a buildpack. */
export const settingsBytes: number = 256 * 1024;
const mostSettingsFiles = 1_000;

const settingsFiles =
  /^(?:staging_info\.yml|deps\/\d+\/(?:config|launch)\.yml|app\/Procfile|profile\.d\/[^/]+\.sh|app\/\.profile(?:\.d\/[^/]+\.sh)?)$/;

export function isSettingsFile(path: string): boolean {
  return settingsFiles.test(path);
}

const stagingInfoSchema = z.object({
  detected_buildpack: z.string().nullish(),
  start_command: z.string().nullish(),
});
const configSchema = z.object({ name: z.string(), version: z.string().nullish() });
const launchSchema = z.object({
  processes: z
    .array(
      z.object({
        type: z.string(),
        command: z.string(),
        platforms: z
          .object({ cloudfoundry: z.object({ sidecar_for: z.array(z.string()).optional() }) })
          .partial()
          .optional(),
        limits: z.object({ memory: z.string().regex(/^\d+$/).optional() }).optional(),
      }),
    )
    .default([]),
});

type LaunchedProcess = Omit<DropletSidecar, "name">;
const procfileSchema = z.record(z.string(), z.string());

/** What the lifecycle and the buildpacks left beside the app: who staged it, how it starts, and in which environment. */
export class DropletSettings {
  readonly #texts = new Map<string, string>();

  add(path: string, text: string): void {
    if (this.#texts.size >= mostSettingsFiles) throw new Error("there are too many like it");
    this.#texts.set(path, text);
  }

  /** `warn` hears of files that are not of the form that their names promise. */
  read(warn: (text: string) => void): {
    buildpacks: DropletBuildpack[];
    commands: Map<string, string>;
    sidecars: DropletSidecar[];
    environment: Map<string, string[]>;
  } {
    const buildpacks = this.#buildpacks(warn);
    const processes = this.#processes(warn);
    return {
      buildpacks,
      commands: new Map(
        processes
          .filter(([, { processTypes }]) => processTypes.length === 0)
          .map(([type, { command }]) => [type, command]),
      ),
      sidecars: processes
        .filter(([, { processTypes }]) => processTypes.length > 0)
        .map(([name, process]) => ({ name, ...process })),
      environment: this.#environment(),
    };
  }

  #buildpacks(warn: (text: string) => void): DropletBuildpack[] {
    const named = this.#ofBuildpacks("config.yml").flatMap((path) => {
      const config = this.#yaml({ path, schema: configSchema }, warn);
      return config === undefined
        ? []
        : [{ name: config.name, version: config.version ?? undefined }];
    });
    if (named.length > 0) return named;
    // A buildpack that only compiles leaves no folder of its own.
    const info = this.#yaml({ path: "staging_info.yml", schema: stagingInfoSchema }, warn);
    const detected = info?.detected_buildpack ?? "";
    return detected === "" ? [] : [{ name: detected, version: undefined }];
  }

  /** That file of each buildpack, in the order in which they ran. */
  #ofBuildpacks(name: string): string[] {
    const index = (path: string) => Number(path.split("/")[1]);
    return [...this.#texts.keys()]
      .filter((path) => path.startsWith("deps/") && path.endsWith(`/${name}`))
      .sort((a, b) => index(a) - index(b));
  }

  /**
   * By name, in the order of the lifecycle: the Procfile stands above launch.yml, that above the release. A name is one thing,
   * so that a line of the Procfile makes a sidecar of that name a process type.
   */
  #processes(warn: (text: string) => void): [string, LaunchedProcess][] {
    const processes = new Map<string, LaunchedProcess>();
    const addType = (type: string, command: string) =>
      processes.set(type, { command, processTypes: [], memoryInMb: null });
    const info = this.#yaml({ path: "staging_info.yml", schema: stagingInfoSchema }, warn);
    const start = info?.start_command ?? "";
    if (start !== "") addType("web", start);
    for (const path of this.#ofBuildpacks("launch.yml")) {
      const launch = this.#yaml({ path, schema: launchSchema }, warn);
      for (const { type, command, platforms, limits } of launch?.processes ?? []) {
        const memory = Number(limits?.memory ?? 0);
        processes.set(type, {
          command,
          processTypes: platforms?.cloudfoundry?.sidecar_for ?? [],
          memoryInMb: memory === 0 ? null : memory,
        });
      }
    }
    const procfile = this.#yaml({ path: "app/Procfile", schema: procfileSchema }, warn) ?? {};
    for (const [type, command] of Object.entries(procfile)) addType(type, command);
    return [...processes].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Scripts run in this order: the buildpacks', then the app's own. */
  #environment(): Map<string, string[]> {
    const scripts = ["profile.d/", "app/.profile.d/", "app/.profile"].flatMap((place) =>
      [...this.#texts]
        .filter(([path]) => (place.endsWith("/") ? path.startsWith(place) : path === place))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    const environment = new Map<string, string[]>();
    for (const [, text] of scripts) {
      for (const [, name = "", value = ""] of text.matchAll(
        /(?:^|[;&]|\bthen|\bdo)[ \t]*export[ \t]+([A-Za-z_]\w*)=(.*?)(?:;[ \t]*(?:fi|done))?$/gm,
      )) {
        const values = environment.get(name) ?? [];
        values.push(value.trim());
        environment.set(name, values);
      }
    }
    return environment;
  }

  /** Undefined where there is no such file, or it is not what its name promises. */
  #yaml<T>(
    { path, schema }: { readonly path: string; readonly schema: z.ZodType<T> },
    warn: (text: string) => void,
  ): T | undefined {
    const text = this.#texts.get(path);
    if (text === undefined) return undefined;
    try {
      return schema.parse(parse(text, { schema: "failsafe", maxAliasCount: 100 }));
    } catch (error) {
      const reason = error instanceof z.ZodError ? "of an unknown form" : "not valid YAML";
      warn(`${path} is ${reason}: not read`);
      return undefined;
    }
  }
}
