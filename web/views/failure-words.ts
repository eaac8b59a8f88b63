/** A build's error for a person: what happened, what is known of it, what to do. */
export interface FailureWords {
  /** Cloud Foundry's name of it, by which the field finds answers: `NoAppDetectedError`. */
  readonly id: string;
  readonly headline: string;
  /** What the platform says beside the headline; empty: no more than that. */
  readonly details: string;
  readonly mend: string;
}

const known: Readonly<Record<string, { readonly headline: string; readonly mend: string }>> = {
  NoAppDetectedError: {
    headline: "No buildpack recognised the app",
    mend: "Check that the folder that was pushed is the app's own (a package.json or a pom.xml one folder deeper is not seen), or name the buildpack with -b. Under Detection each buildpack tells what it looked for.",
  },
  BuildpackCompileFailed: {
    headline: "The buildpack failed while it built the app",
    mend: "The log below is open where it failed; the cause stands in its last lines.",
  },
  BuildpackReleaseFailed: {
    headline: "The buildpack did not say how to start the app",
    mend: "Its release script failed, or gave no YAML. A start command of the app's own (cf push -c) does not replace it.",
  },
  StagingTimeExpired: {
    headline: "Staging took longer than it may",
    mend: "The log shows what ran last. An operator can give more time: rivera up --staging-timeout SECONDS.",
  },
  InsufficientResources: {
    headline: "No cell has room for the staging",
    mend: "Stop something, scale down, or give the platform more cells.",
  },
  NoCompatibleCell: {
    headline: "No cell can stage for this stack",
    mend: "cf stacks lists those that are there; the app asks for another one, or its isolation segment has no cell.",
  },
};

/** Told by what stands in the text: Cloud Foundry calls all of them StagingError. */
const byText: readonly (readonly [RegExp, { readonly headline: string; readonly mend: string }])[] =
  [
    [
      /out of memory/,
      {
        headline: "Staging ran out of memory",
        mend: "Staging gets 1 GB at least, or what the app asks for: push with more memory (cf push -m 2G).",
      },
    ],
    [
      /disk quota exceeded|disk is full/,
      {
        headline: "Staging ran out of disk",
        mend: "Push with more disk (cf push -k 6G), or leave files out with .cfignore.",
      },
    ],
    [
      /Start command not specified/,
      {
        headline: "Nothing says how to start the app",
        mend: "Add a Procfile with a line web: COMMAND, or push with -c COMMAND.",
      },
    ],
    [
      /download of |Failed to download /,
      {
        headline: "Something that the staging needs could not be fetched",
        mend: "Check the address, the branch and the rights; the log has the words of what fetched it.",
      },
    ],
    [
      /staging failed: Procfile: /,
      {
        headline: "The Procfile cannot be read",
        mend: "It is YAML, a line each process type: web: node server.js.",
      },
    ],
    [
      /staging failed: Failed to read deps\/|malformed buildpack/,
      {
        headline: "A buildpack is not what it should be",
        mend: "That is the buildpack's own matter, not the app's: see what it wrote, or use another one with -b.",
      },
    ],
    [
      /staging failed: (?:its cell was|no cell began)/,
      {
        headline: "The staging lost its cell",
        mend: "Nothing is wrong with the app: push again.",
      },
    ],
    [/was cancelled/, { headline: "The staging was cancelled", mend: "Push again to stage anew." }],
  ];

export function failureWords(error: string): FailureWords {
  const [, id = "StagingError", description = error] = /^(\w+) - ([\s\S]*)$/.exec(error) ?? [];
  const special = byText.find(([pattern]) => pattern.test(description))?.[1] ?? known[id];
  return {
    id,
    headline: special?.headline ?? "Staging failed",
    details: description,
    mend: special?.mend ?? "The log below has all that the staging said.",
  };
}
