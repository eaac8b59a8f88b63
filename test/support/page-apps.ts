interface PageApp {
  readonly files: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** Whether the push of it ends with status 1. */
  readonly fails: boolean;
}

const small = ["-b", "procfile_buildpack", "-u", "process", "-m", "32M"] as const;

/** What the dashboard is shown with, by name. */
export const pageApps: Readonly<Record<string, PageApp>> = {
  /** Says what would harm a terminal, and more lines than a document should hold. */
  noisy: {
    files: {
      Procfile: "web: bash noisy.sh\n",
      "noisy.sh": String.raw`
for n in $(seq 3000); do echo "line $n of many"; done
printf '\033]0;pwned\007\033[2J\033[31mred\033[0m <img src=x onerror=alert(1)> \xff\xfe end of hostile\n'
sleep 1000
`,
    },
    flags: small,
    fails: false,
  },
  broken: {
    files: {
      "package.json": JSON.stringify({
        name: "broken",
        version: "1.0.0",
        scripts: { start: "node server.js", "heroku-postbuild": "node build.js" },
      }),
      "build.js": `console.error("SyntaxError: Unexpected token in app.js:12"); process.exit(3);`,
    },
    flags: [],
    fails: true,
  },
  crashing: {
    files: { Procfile: "web: exit 7\n" },
    flags: ["-b", "procfile_buildpack", "-m", "32M", "--no-wait"],
    fails: true,
  },
};
