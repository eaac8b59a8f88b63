import type { Actor } from "../http/auth-context.ts";

/**
 * Makes the stored desired state of processes real in Diego (`running/`). The rows are written before the call; where
 * Diego cannot be reached the sync loop catches up, so a failure here loses nothing.
 */
export interface AppRunner {
  /**
   * The state, the number of instances or the routes of that process have changed: desires, updates or removes its
   * LRP at once.
   *
   * @throws `CfError` RunnerUnavailable where the caller asked for something that must reach Diego now
   */
  processChanged(processGuid: string): Promise<void>;
  /** The app's routes have changed: updates what its started processes tell the router. */
  routesChanged(appGuid: string): Promise<void>;
  /** The app has another name: updates the metric tags of its started processes. */
  appRenamed(appGuid: string): Promise<void>;
  /** Stops one instance; Diego starts it again. */
  stopInstance(processGuid: string, index: number): Promise<void>;
  /** Removes every LRP of the app and cancels its tasks; before its rows go. */
  removeApp(appGuid: string): Promise<void>;
  /** Removes one LRP by the guid that Diego knows, `<process guid>-<version>`: the version before a restart. */
  removeLrp(processGuidAndVersion: string): Promise<void>;
}

export interface StagingStopper {
  /** Ends what is being staged of the app, in the name of who asked for it. */
  cancelStagingsOfApp(appGuid: string, actor: Actor): Promise<void>;
}

/** Removes what an app owns besides its own rows: packages, builds, droplets, their blobs, the buildpack cache. */
export interface AppDataRemover {
  /** Idempotent: an app's deletion may be taken up again after a crash. */
  removeAppData(appGuid: string): Promise<void>;
  removeBuildpackCache(appGuid: string): Promise<void>;
  removeAllBuildpackCaches(): Promise<void>;
}
