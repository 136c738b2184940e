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
RUN go mod download
COPY api/ api/
COPY controllers/ controllers/
COPY internal/ internal/
COPY cmd/ cmd/
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags="-s -w" -o /manager ./cmd/manager

FROM ${BASE_IMAGE}
COPY --from=build /manager /manager
# As a number, so that Kubernetes can check runAsNonRoot without looking into the image.
USER 65532:65532
ENTRYPOINT ["/manager"]
