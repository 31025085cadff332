/** A time as Kubernetes writes it: RFC 3339 in UTC, second precision. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * A stored refresh time younger than this is not written again for its own sake (D9): `--status-heartbeat` less a tenth, so that passes
 * that are a little early do not skip a beat (D52). Both in milliseconds.
 */
export function heartbeatOf(statusHeartbeatMs: number): number {
  return 0.9 * statusHeartbeatMs;
}
