# Not built in this project's CI, which has no container engine. glibc, since the parser needs its thread stacks.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY . .
RUN go build -trimpath -o /cordon ./cmd/cordon

FROM debian:bookworm-slim
RUN useradd --system cordon
COPY --from=build /cordon /usr/local/bin/cordon
USER cordon
EXPOSE 6432
ENTRYPOINT ["cordon"]
CMD ["serve", "-c", "/etc/cordon/cordon.toml"]
