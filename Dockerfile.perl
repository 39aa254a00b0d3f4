# A kernel of the real POE::Component::IKC, of one release, under the control of the driver protocol
# (conformance/DRIVER.md) on standard input and output.
#
#   docker build -f Dockerfile.perl --build-arg RELEASE=0.2402 -t ikc-conform-perl:0.2402 .
#   ikc-conform run image:ikc-conform-perl:0.2402
#
# BASE         any Debian from bookworm on; who wants the same one each time names its digest,
#              debian:bookworm-slim@sha256:... (make pin prints it)
# CPAN_MIRROR  where authors/id/G/GW/GWYN/POE-Component-IKC-RELEASE.tar.gz is; for one on loopback
#              add --network host
# RELEASE      of POE::Component::IKC
# SHA256       of that file. It need not be given of the releases whose checksums stand below; of others, CPAN
#              has it in authors/id/G/GW/GWYN/CHECKSUMS, which is signed. Without one the build fails; with
#              "none" the file is taken as it comes, and its checksum is printed
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
# The checksums are those of Gentoo's Manifest (dev-perl/POE-Component-IKC) and of OpenBSD's distinfo (0.2001).
RUN sum="${SHA256}" \
 && case "${SHA256}:${RELEASE}" in \
      :0.2402) sum=87b8696dce1cfa05a6054b8b7a65e733ae88f2ce52bb981743a250b579d0eab6;; \
      :0.2305) sum=5410204034e05f6340558a13963d3853dd4ea61d972e423edaa5c5f9d921d4e5;; \
      :0.2303) sum=c5371db5f544ce97a8bbccd5ed8e0ee91b513b1c2471851f83f30061fecb8d7a;; \
      :0.2302) sum=1fa7db0325a82576cfb32c20bc55051c625f621b5373ea0eced937349e0331c0;; \
      :0.2001) sum=24a394e81c0be2a3760e2b94a88ee6f1cd8f7c827a997c898d865cf01dd853b9;; \
    esac \
 && sha256sum release.tar.gz \
 && case "${sum}" in \
      "") echo "SHA256: expected the checksum of POE-Component-IKC-${RELEASE}.tar.gz, which is not known here, or none to go without"; exit 1;; \
      none) echo "SHA256 is none: the release is not verified";; \
      *) echo "${sum}  release.tar.gz" | sha256sum -c -;; \
    esac
# Old releases have their modules at the top, not under lib, and all of them are Perl only: put where perl looks,
# they are installed. Their own installers ask questions.
RUN mkdir -p source site/POE/Component \
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
