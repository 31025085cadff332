import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allows, type PolicyDocument } from './iam.ts';

const arn = (name: string): string => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`;
const policy: PolicyDocument = {
  Statement: [
    { Effect: 'Allow', Action: ['secretsmanager:Get*'], Resource: [arn('dev-*')] },
    {
      Effect: 'Allow',
      Action: 'secretsmanager:DeleteSecret',
      Resource: '*',
      Condition: { StringEquals: { 'secretsmanager:ResourceTag/managed-by': 'external-secrets' } },
    },
    {
      Effect: 'Allow',
      Action: 'secretsmanager:CreateSecret',
      Resource: '*',
      Condition: { StringLike: { 'aws:RequestTag/team': ['a*', 'b'] } },
    },
    { Effect: 'Deny', Action: '*', Resource: arn('dev-root*') },
  ],
};
const may = (action: string, name: string, tags: Record<string, string> = {}, request = {}): boolean =>
  allows([policy], {
    service: 'secretsmanager',
    action,
    principal: undefined,
    resource: arn(name),
    request,
    tags: new Map(Object.entries(tags)),
  });

describe('an identity policy', () => {
  test('allows by action and resource, with wildcards', () => {
    assert.equal(may('GetSecretValue', 'dev-db'), true);
    assert.equal(may('GetSecretValue', 'prod-db'), false);
    assert.equal(may('PutSecretValue', 'dev-db'), false);
  });
  test('denies whatever else allows', () => assert.equal(may('GetSecretValue', 'dev-root-x'), false));
  test('can ask for a tag of the resource', () => {
    assert.equal(may('DeleteSecret', 'x', { 'managed-by': 'external-secrets' }), true);
    assert.equal(may('DeleteSecret', 'x', { 'managed-by': 'me' }), false);
    assert.equal(may('DeleteSecret', 'x'), false);
  });
  test('can ask for a tag of the request', () => {
    assert.equal(may('CreateSecret', 'x', {}, { Tags: [{ Key: 'team', Value: 'apes' }] }), true);
    assert.equal(may('CreateSecret', 'x', {}, { Tags: [{ Key: 'team', Value: 'c' }] }), false);
    assert.equal(may('CreateSecret', 'x'), false);
  });
});
