/** What objects are judged by, with everything this build has: for the webhook, and for who asks before a takeover. */
import { RE2JS } from 're2js';
import { unavailableGenerators } from '../generators/registry.ts';
import { providers } from '../providers/registry.ts';
import type { Rules } from '../webhook/judgement.ts';

export const admissionRules: Rules = {
  providers,
  compile: (pattern) => RE2JS.compile(pattern),
  unavailableGenerators,
};
