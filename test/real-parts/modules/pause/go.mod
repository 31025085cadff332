module external-secrets-ts/real-parts/pause

go 1.26.0
