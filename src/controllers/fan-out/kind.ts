/**
 * What the two cluster-wide kinds, ClusterExternalSecret and ClusterPushSecret, do not share: whose children they are, where those
 * stand in the spec and the status. All else is the same, and in this folder.
 */
import type { ApiResource } from '../../api/resources.ts';
import type { LabelSelector } from '../../api/selectors.ts';
import type { KubeObject, Stored } from '../../kube/types.ts';

export interface FanOutCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export interface FanOutStatus {
  readonly provisionedNamespaces?: readonly string[] | undefined;
  readonly failedNamespaces?:
    readonly { readonly namespace: string; readonly reason?: string | undefined }[] | undefined;
  readonly conditions?: readonly FanOutCondition[] | undefined;
}

/** The cluster-wide object. Its spec is read through the {@link FanOutKind} only. */
export type Parent = Stored<KubeObject & { readonly spec?: object | undefined; readonly status?: object | undefined }>;

/** An ExternalSecret or PushSecret as the cache shows it. */
export type Child = Stored<KubeObject & { readonly spec?: unknown; readonly status?: unknown }>;

/** What the spec says, in one form for both kinds. */
export interface Wanted {
  readonly childName: string;
  readonly childSpec: unknown;
  readonly labels: Readonly<Record<string, string>>;
  /** Without the force-sync annotation, which is mirrored from the parent. */
  readonly annotations: Readonly<Record<string, string>>;
  /** ORed, with each other and with `names`. `field`: where it stands in the object. */
  readonly selectors: readonly { readonly field: string; readonly selector: LabelSelector }[];
  readonly names: readonly string[];
  readonly refreshTime: string | undefined;
}

export interface FanOutKind<P extends Parent = Parent> {
  readonly parent: ApiResource;
  readonly child: ApiResource;
  wanted(parent: P): Wanted;
  /** Where the status tells the name of the children. */
  readonly nameField: 'externalSecretName' | 'pushSecretName';
  statusOf(parent: P): (FanOutStatus & { readonly childName: string | undefined }) | undefined;
  /** Ready, as this kind has it. `message` undefined: all is well. */
  condition(before: FanOutCondition | undefined, message: string | undefined, now: number): FanOutCondition;
  /** The peer's finalizer on the parent, which we only ever remove; ours need none: owner references clean up. */
  readonly peerFinalizer: string | undefined;
  /** An annotation of the parent that is mirrored to the children. */
  readonly mirrored: string | undefined;
}
