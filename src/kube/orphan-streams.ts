/**
 * An HTTP/2 call that is aborted in the moment in which it is sent is forgotten by Node without the server being told. When the answer
 * comes all the same, Node makes a stream of it that nobody knows: what the server sends stays in memory, a watch goes on for ever, and the
 * next error of the connection ends the process, because nobody listens to that stream. So we do, and refuse the answer.
 */
import { subscribe } from 'node:diagnostics_channel';
import { constants, type ClientHttp2Stream } from 'node:http2';

let isWatching = false;

/** From now on, for all HTTP/2 connections of this process. May be called again. */
export function refuseOrphanStreams(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('http2.client.stream.created', (message) => {
    const { stream } = message as { readonly stream: ClientHttp2Stream };
    if (stream.sentHeaders !== undefined) return;
    stream.on('error', () => undefined);
    process.nextTick(() => stream.close(constants.NGHTTP2_CANCEL));
  });
}
