import type { BuildpackMetadata } from "./buildpack-metadata.ts";
import type { LaunchProcess } from "./processes.ts";

/**
 * The contents of result.json, which Cloud Controller reads. Without `processes` staging has failed: then it serves
 * to say which buildpacks ran.
 */
export function resultJson(
  buildpacks: readonly BuildpackMetadata[],
  processes: readonly LaunchProcess[] | undefined,
): string {
  const last = buildpacks.at(-1);
  const types = (processes ?? []).filter((process) => process.sidecarFor.length === 0);
  const sidecars = (processes ?? []).filter((process) => process.sidecarFor.length > 0);
  const result = {
    lifecycle_metadata: {
      ...(last === undefined ? {} : { buildpack_key: last.key }),
      detected_buildpack: last?.name ?? "",
      buildpacks: buildpacks.map(presentBuildpack),
    },
    process_types:
      processes === undefined
        ? null
        : Object.fromEntries(types.map(({ type, command }) => [type, command])),
    ...(types.length === 0
      ? {}
      : { processes: types.map(({ type, command }) => ({ type, command })) }),
    ...(sidecars.length === 0 ? {} : { sidecars: sidecars.map(presentSidecar) }),
    execution_metadata: "",
    lifecycle_type: "buildpack",
  };
  return `${JSON.stringify(result)}\n`;
}

/** The contents of the droplet's staging_info.yml, one line of JSON, which the launcher reads. */
export function stagingInfo(
  buildpack: BuildpackMetadata | undefined,
  processes: readonly LaunchProcess[],
): string {
  const info = {
    detected_buildpack: buildpack?.name ?? "",
    start_command: webCommand(processes),
    ...(buildpack?.config === undefined ? {} : { config: presentConfig(buildpack) }),
  };
  return `${JSON.stringify(info)}\n`;
}

export function webCommand(processes: readonly LaunchProcess[]): string {
  const web = processes.find(({ type, sidecarFor }) => type === "web" && sidecarFor.length === 0);
  return web?.command ?? "";
}

function presentBuildpack(buildpack: BuildpackMetadata): Record<string, unknown> {
  return {
    key: buildpack.key,
    name: buildpack.name,
    ...(buildpack.version === undefined ? {} : { version: buildpack.version }),
    ...(buildpack.config === undefined ? {} : { config: presentConfig(buildpack) }),
    ...(buildpack.outputMetadata === undefined
      ? {}
      : { output_metadata: buildpack.outputMetadata }),
  };
}

function presentConfig({ config }: BuildpackMetadata): Record<string, unknown> {
  const prefix = config?.entrypointPrefix;
  return prefix === undefined ? {} : { entrypoint_prefix: prefix };
}

function presentSidecar(sidecar: LaunchProcess): Record<string, unknown> {
  return {
    name: sidecar.type,
    process_types: sidecar.sidecarFor,
    command: sidecar.command,
    ...(sidecar.memoryMb === 0 ? {} : { memory: sidecar.memoryMb }),
  };
}
