# The operator as an image: one static binary, no shell, not root. Both images are arguments, for registries of your own.
ARG BUILD_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot

# The build runs on the builder's own platform and compiles for the target's: no emulation for arm64.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
# Modules first: they change seldom, and the layer is kept while they don't.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api/ api/
COPY controllers/ controllers/
COPY internal/ internal/
COPY cmd/ cmd/
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags="-s -w" -o /manager ./cmd/manager

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="auth0-operator" \
      org.opencontainers.image.description="Keeps Auth0 as declared in Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /manager /manager
# As a number, so that Kubernetes can check runAsNonRoot without looking into the image.
USER 65532:65532
ENTRYPOINT ["/manager"]
