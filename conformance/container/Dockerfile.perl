# A kernel of the real POE::Component::IKC, of one release, under the control of the driver protocol
# (conformance/DRIVER.md) on standard input and output.
#
#   docker build -f Dockerfile.perl --build-arg RELEASE=0.2402 --build-arg SHA256=CHECKSUM -t ikc-conform-perl:0.2402 .
#   ikc-conform run image:ikc-conform-perl:0.2402
#
# BASE         any Debian from bookworm on; who wants the same one each time names its digest,
#              debian:bookworm-slim@sha256:... (make pin prints it)
# CPAN_MIRROR  where authors/id/G/GW/GWYN/POE-Component-IKC-RELEASE.tar.gz is; for one on loopback
#              add --network host
# RELEASE      of POE::Component::IKC
# SHA256       of that file. CPAN has it in authors/id/G/GW/GWYN/CHECKSUMS, which is signed. Without
#              one the build fails; "none" takes the file as it comes, and prints its checksum
#
# What does not depend on the release comes first, so that all releases share it. Not for BuildKit alone:
# nothing here needs more than the classic builder.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS perl
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      libpoe-perl libdata-dump-perl libdevel-size-perl libfreezethaw-perl \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /usr/share/doc /usr/share/man

FROM perl AS fetch
ARG CPAN_MIRROR=https://www.cpan.org
ARG RELEASE=0.2402
ARG SHA256=
ADD ${CPAN_MIRROR}/authors/id/G/GW/GWYN/POE-Component-IKC-${RELEASE}.tar.gz /fetch/release.tar.gz
WORKDIR /fetch
# Old releases have their modules at the top, not under lib, and all of them are Perl only: put where perl looks,
# they are installed. Their own installers ask questions.
RUN sha256sum release.tar.gz \
 && case "${SHA256}" in \
      "") echo "SHA256: expected the checksum of POE-Component-IKC-${RELEASE}.tar.gz, or none to go without"; exit 1;; \
      none) echo "SHA256 is none: the release is not verified";; \
      *) echo "${SHA256}  release.tar.gz" | sha256sum -c -;; \
    esac \
 && mkdir -p source site/POE/Component \
 && tar -xzf release.tar.gz --strip-components=1 -C source \
 && cp -R source/IKC site/POE/Component/ \
 && if [ -f source/IKC.pm ]; then cp source/IKC.pm site/POE/Component/; fi \
 && find site -type f ! -name '*.pm' -delete \
 && chmod -R a+rX,go-w site \
 && perl -Isite -MPOE::Component::IKC::Responder -e 'exit 0'

FROM perl
RUN useradd --uid 10603 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ikc
COPY --from=fetch /fetch/site/ /usr/local/lib/site_perl/
COPY perlpeer/driver.pl perlpeer/lite.pl /usr/local/lib/perlpeer/
COPY perlpeer/lib/ /usr/local/lib/perlpeer/lib/
ARG RELEASE=0.2402
LABEL org.opencontainers.image.title="POE::Component::IKC ${RELEASE} under ikc-conform" \
      org.opencontainers.image.version="${RELEASE}" \
      org.opencontainers.image.source="https://github.com/perl-ikc/ikc-conform" \
      org.opencontainers.image.licenses="Artistic-1.0-Perl OR GPL-1.0-or-later" \
      com.github.perl-ikc.driver="perl /usr/local/lib/perlpeer/driver.pl"
USER ikc
ENTRYPOINT ["perl", "/usr/local/lib/perlpeer/driver.pl"]
