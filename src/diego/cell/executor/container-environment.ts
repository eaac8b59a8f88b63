import type { ActualLrpNetInfo } from "#diego/models/actual-lrp.ts";
import type { Container, RuntimeDescription } from "../runtime/container-runtime.ts";
import type { Allocation, RunRequest } from "./container.ts";
import { processEnvironment, type ProcessEnvironment } from "./process-environment.ts";
import { toolchainPath } from "./toolchains.ts";

// What processes of a container, and the BBS, are told of where it is.

/** @param request undefined where nothing has been given to it to run */
export function environmentIn(
  container: Container,
  { owner }: Allocation,
  request: RunRequest | undefined,
  toolchains: RuntimeDescription["toolchains"],
): ProcessEnvironment {
  const definition = request?.definition;
  return processEnvironment({
    container:
      definition === undefined
        ? []
        : [...toolchainPath(definition.rootFs, toolchains), ...definition.environmentVariables],
    instance:
      owner.kind === "lrp"
        ? { instanceGuid: owner.instanceGuid, index: owner.key.index }
        : undefined,
    address: container.address,
    ports: netInfoOf(container, request?.ports ?? []).ports,
  });
}

/** An app is reached at its container's own address; there is no other way in, so the cell's is not told. */
export function netInfoOf(container: Container, ports: readonly number[]): ActualLrpNetInfo {
  return {
    address: container.address,
    instanceAddress: container.address,
    ports: ports.map((containerPort) => ({
      containerPort,
      hostPort: container.reachablePort(containerPort),
    })),
    preferredAddress: "INSTANCE",
  };
}
