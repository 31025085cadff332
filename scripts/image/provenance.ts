/** How the image was made, as an in-toto statement with SLSA provenance (v1): from which source, by whom, of what. Not signed. */

export interface Digest {
  readonly sha256?: string;
  readonly sha512?: string;
  readonly gitCommit?: string;
}

export interface ProvenanceInput {
  /** What was made, by name. */
  readonly subjects: Readonly<Record<string, Digest>>;
  readonly commit: string;
  /** The source differed from the commit. */
  readonly modified: boolean;
  /** What the build was told. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What went into it, by URI. */
  readonly materials: Readonly<Record<string, Digest>>;
  /** Versions of the programs that built, by name. */
  readonly builder: Readonly<Record<string, string>>;
  readonly started: Date;
  readonly finished: Date;
}

export function provenance(input: ProvenanceInput): object {
  const source = { uri: 'git+external-secrets-ts', digest: { gitCommit: input.commit } };
  const materials = Object.entries(input.materials).map(([uri, digest]) => ({ uri, digest }));
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: Object.entries(input.subjects).map(([name, digest]) => ({ name, digest })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:external-secrets-ts:npm-run-image:v1',
        externalParameters: { ...input.parameters, source: source.uri, sourceModified: input.modified },
        resolvedDependencies: [source, ...materials],
      },
      runDetails: {
        builder: { id: 'urn:external-secrets-ts:npm-run-image', version: input.builder },
        metadata: { startedOn: input.started.toISOString(), finishedOn: input.finished.toISOString() },
      },
    },
  };
}
