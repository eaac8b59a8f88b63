import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Action, ActionList, Checksum } from "./action.ts";
import { BbsError } from "./bbs-error.ts";
import type {
  Action as ActionMessage,
  ActionList as ActionListMessage,
  ActionSchema,
  DownloadAction as DownloadActionMessage,
  RunAction as RunActionMessage,
} from "./proto/actions_pb.js";

type ActionInit = MessageInitShape<typeof ActionSchema>;

export function encodeAction(action: Action): ActionInit {
  switch (action.kind) {
    case "download":
      return {
        downloadAction: {
          artifact: action.artifact,
          from: action.from,
          to: action.to,
          cacheKey: action.cacheKey,
          logSource: action.logSource,
          user: action.user,
          ...encodeChecksum(action.checksum),
        },
      };
    case "upload":
      return { uploadAction: action };
    case "run":
      return {
        runAction: {
          path: action.path,
          args: [...action.args],
          dir: action.dir,
          env: action.env.map(({ name, value }) => ({ name, value })),
          user: action.user,
          logSource: action.logSource,
          suppressLogOutput: action.suppressLogOutput,
          ...(action.nofile === undefined
            ? {}
            : { resourceLimits: { nofile: BigInt(action.nofile) } }),
        },
      };
    case "timeout":
      return {
        timeoutAction: {
          action: encodeAction(action.action),
          timeoutMs: BigInt(action.timeoutMs),
          logSource: action.logSource,
        },
      };
    case "emitProgress":
      return {
        emitProgressAction: {
          action: encodeAction(action.action),
          startMessage: action.startMessage,
          successMessage: action.successMessage,
          failureMessagePrefix: action.failureMessagePrefix,
          logSource: action.logSource,
        },
      };
    case "try":
      return {
        tryAction: { action: encodeAction(action.action), logSource: action.logSource },
      };
    case "parallel":
      return { parallelAction: encodeList(action) };
    case "serial":
      return { serialAction: encodeList(action) };
    case "codependent":
      return { codependentAction: encodeList(action) };
  }
}

function encodeList(list: ActionList) {
  return { actions: list.actions.map(encodeAction), logSource: list.logSource };
}

/** @throws {BbsError} InvalidRequest where not exactly one kind is set, here or in an inner action. */
export function decodeAction(message: ActionMessage): Action {
  const decoded = [...decodeLeaves(message), ...decodeWrappers(message), ...decodeLists(message)];
  const [action, ...others] = decoded;
  if (action === undefined) throw new BbsError("InvalidRequest", "Invalid field: inner-action");
  if (others.length > 0) {
    throw new BbsError("InvalidRequest", "Invalid field: action (more than one kind is set)");
  }
  return action;
}

export function decodeOptionalAction(message: ActionMessage | undefined): Action | undefined {
  return message === undefined ? undefined : decodeAction(message);
}

/** @throws {BbsError} InvalidRequest where there is no action. */
export function decodeMandatoryAction(message: ActionMessage | undefined): Action {
  if (message === undefined) throw new BbsError("InvalidRequest", "Invalid field: action");
  return decodeAction(message);
}

function decodeLeaves(message: ActionMessage): Action[] {
  const { downloadAction: download, uploadAction: upload, runAction: run } = message;
  return [
    ...(download === undefined ? [] : [decodeDownload(download)]),
    ...(upload === undefined
      ? []
      : [
          {
            kind: "upload" as const,
            artifact: upload.artifact,
            from: upload.from,
            to: upload.to,
            logSource: upload.logSource,
            user: upload.user,
          },
        ]),
    ...(run === undefined ? [] : [decodeRun(run)]),
  ];
}

function decodeDownload(message: DownloadActionMessage): Action {
  return {
    kind: "download",
    artifact: message.artifact,
    from: message.from,
    to: message.to,
    cacheKey: message.cacheKey,
    logSource: message.logSource,
    user: message.user,
    ...decodeChecksum(message),
  };
}

function decodeRun(message: RunActionMessage): Action {
  const nofile = message.resourceLimits?.nofile;
  return {
    kind: "run",
    path: message.path,
    args: message.args,
    dir: message.dir,
    env: message.env.map(({ name, value }) => ({ name, value })),
    ...(nofile === undefined ? {} : { nofile: Number(nofile) }),
    user: message.user,
    logSource: message.logSource,
    suppressLogOutput: message.suppressLogOutput,
  };
}

function decodeWrappers(message: ActionMessage): Action[] {
  const { timeoutAction: timeout, emitProgressAction: emit, tryAction: attempt } = message;
  return [
    ...(timeout === undefined
      ? []
      : [
          {
            kind: "timeout" as const,
            action: decodeMandatoryAction(timeout.action),
            timeoutMs: Number(timeout.timeoutMs),
            logSource: timeout.logSource,
          },
        ]),
    ...(emit === undefined
      ? []
      : [
          {
            kind: "emitProgress" as const,
            action: decodeMandatoryAction(emit.action),
            startMessage: emit.startMessage,
            successMessage: emit.successMessage,
            failureMessagePrefix: emit.failureMessagePrefix,
            logSource: emit.logSource,
          },
        ]),
    ...(attempt === undefined
      ? []
      : [
          {
            kind: "try" as const,
            action: decodeMandatoryAction(attempt.action),
            logSource: attempt.logSource,
          },
        ]),
  ];
}

function decodeLists(message: ActionMessage): Action[] {
  const { parallelAction, serialAction, codependentAction } = message;
  return [
    ...(parallelAction === undefined ? [] : [decodeList("parallel", parallelAction)]),
    ...(serialAction === undefined ? [] : [decodeList("serial", serialAction)]),
    ...(codependentAction === undefined ? [] : [decodeList("codependent", codependentAction)]),
  ];
}

function decodeList(kind: ActionList["kind"], message: ActionListMessage): ActionList {
  return { kind, actions: message.actions.map(decodeAction), logSource: message.logSource };
}

interface ChecksumFields {
  readonly checksumAlgorithm: string;
  readonly checksumValue: string;
}

export function encodeChecksum(checksum: Checksum | undefined): ChecksumFields {
  return {
    checksumAlgorithm: checksum?.algorithm ?? "",
    checksumValue: checksum?.value ?? "",
  };
}

/** @throws {BbsError} InvalidRequest where one of the two is missing or the algorithm is unknown. */
export function decodeChecksum(message: ChecksumFields): { readonly checksum?: Checksum } {
  const { checksumAlgorithm: algorithm, checksumValue: value } = message;
  if (algorithm === "" && value === "") return {};
  if (value === "") throw new BbsError("InvalidRequest", "Invalid field: checksum value");
  switch (algorithm) {
    case "md5":
    case "sha1":
    case "sha256":
      return { checksum: { algorithm, value } };
    default:
      throw new BbsError("InvalidRequest", "Invalid field: checksum algorithm");
  }
}
