/**
 * Which members of `.remoteRef` the templates of a webhook use. It decides what makes two reads different (a `property`
 * nobody looks at does not) and whether a ClusterSecretStore asks differently for each namespace. When a template is
 * too clever to tell, everything counts as used.
 */
export type RemoteRefMember = 'key' | 'version' | 'property' | 'namespace';

/** The templates of a webhook, as far as they are set. */
export interface TemplateTexts {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly result?: { readonly jsonPath?: string | undefined } | undefined;
}

export function usesMember(spec: TemplateTexts, member: RemoteRefMember): boolean {
  const texts = [spec.url, spec.body ?? '', spec.result?.jsonPath ?? '', ...Object.values(spec.headers ?? {})];
  return texts.flatMap(actionsOf).some((action) => mentions(action, member));
}

/** The inside of each `{{ … }}`; an action that is not closed reaches to the end. */
function actionsOf(template: string): readonly string[] {
  return template
    .split('{{')
    .slice(1)
    .map((rest) => rest.split('}}', 1)[0] ?? rest);
}

const STRING = /"(?:\\.|[^"\\])*"|`[^`]*`/g;
const FIELDS = /\$?((?:\.[\p{L}_][\p{L}\p{N}_]*)+)/gu;

function mentions(action: string, member: RemoteRefMember): boolean {
  const code = action.replaceAll(STRING, ' ');
  const chains = [...code.matchAll(FIELDS)].map(([, chain = '']) => chain.split('.').slice(1));
  // What is left may hold the whole data in a dot, a dollar or a variable; half a string hides where the action ends.
  if (/[.$"`]/.test(code.replaceAll(FIELDS, ' '))) return true;
  return chains.some(([first, second]) => first === 'remoteRef' && (second === undefined || second === member));
}
