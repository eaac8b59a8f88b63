/** In which order the commands of the official client were to be reached. */
type Priority = "P0" | "P1" | "P2" | "P3";

interface CatalogueEntry {
  readonly name: string;
  readonly priority: Priority;
  /** The heading of `cf help -a` under which it stands. */
  readonly category: string;
}

/**
 * The 152 commands of the official client (of its 194) that this platform answers: everything but `ssh`, network
 * policies, services and plugins.
 */
const commands: Readonly<Record<Priority, Readonly<Record<string, string>>>> = {
  P0: {
    "Getting Started": "help version login logout target api auth",
    Advanced: "config oauth-token curl",
    Apps: "push v3-push apps app create-app start stop restart restage delete rename logs",
  },
  P1: {
    Apps: `env set-env unset-env scale events run-task task tasks terminate-task packages create-package stage-package
      droplets set-droplet download-droplet stacks stack revision revisions rollback cancel-deployment
      continue-deployment create-app-manifest copy-source get-health-check set-health-check get-readiness-health-check
      restart-app-instance ssh-enabled enable-ssh disable-ssh`,
    Routes: `routes route create-route update-route check-route map-route unmap-route delete-route
      delete-orphaned-routes update-destination move-route share-route unshare-route`,
    Domains:
      "domains create-private-domain delete-private-domain create-shared-domain delete-shared-domain",
    Buildpacks: "buildpacks create-buildpack update-buildpack delete-buildpack",
    Spaces: "apply-manifest allow-space-ssh disallow-space-ssh space-ssh-allowed",
    Advanced: "ssh-code",
    Metadata: "labels set-label unset-label",
  },
  P2: {
    "Getting Started": "passwd",
    Orgs: "orgs org create-org delete-org rename-org",
    Spaces: "spaces space create-space delete-space rename-space",
    "User Admin": `org-users set-org-role unset-org-role space-users set-space-role unset-space-role create-user
      delete-user`,
    "Org Admin": `org-quotas org-quota create-org-quota update-org-quota delete-org-quota set-org-quota
      share-private-domain unshare-private-domain`,
    "Space Admin": `space-quotas space-quota create-space-quota update-space-quota delete-space-quota set-space-quota
      unset-space-quota`,
    "Isolation Segments": `isolation-segments create-isolation-segment delete-isolation-segment enable-org-isolation
      disable-org-isolation set-org-default-isolation-segment reset-org-default-isolation-segment
      set-space-isolation-segment reset-space-isolation-segment`,
    Domains: "router-groups",
  },
  P3: {
    Apps: "update-stack",
    "Environment Variable Groups": `running-environment-variable-group staging-environment-variable-group
      set-running-environment-variable-group set-staging-environment-variable-group`,
    "Feature Flags": "feature-flags feature-flag enable-feature-flag disable-feature-flag",
    Routes: "route-policies add-route-policy remove-route-policy",
    "Security Group": `security-groups security-group create-security-group update-security-group
      delete-security-group bind-security-group unbind-security-group bind-running-security-group
      unbind-running-security-group running-security-groups bind-staging-security-group
      unbind-staging-security-group staging-security-groups`,
  },
};

const priorities: readonly Priority[] = ["P0", "P1", "P2", "P3"];

export const catalogue: readonly CatalogueEntry[] = priorities.flatMap((priority) =>
  Object.entries(commands[priority]).flatMap(([category, names]) =>
    names.split(/\s+/).map((name) => ({ name, priority, category })),
  ),
);
