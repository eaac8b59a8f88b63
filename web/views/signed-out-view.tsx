import { Notice } from "../parts/notice.tsx";

/** The door: UAA's form, or the way in of whoever runs the platform. */
export function SignedOutView(props: {
  readonly reason: string | undefined;
  readonly signIn: () => void;
}) {
  return (
    <div class="door">
      <h1>Rivera</h1>
      <p>The apps of this Cloud Foundry: how they run, and why a staging failed.</p>
      {props.reason === undefined ? null : <Notice title={props.reason} tone="bad" />}
      <button class="primary" type="button" onClick={props.signIn}>
        Sign in
      </button>
      <p class="faint">
        With the user and password of <code>cf login</code>. On the machine that runs the platform,{" "}
        <code>bin/rivera dashboard</code> prints an address that signs you in at once.
      </p>
    </div>
  );
}
