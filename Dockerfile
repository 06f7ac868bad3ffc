# The toolchain for people without apt: docker build -t weir-dev . && docker run -it -v "$PWD:/weir" -w /weir weir-dev ./dev test
FROM debian:trixie
COPY toolchain/packages.txt /tmp/packages.txt
RUN sed 's/^Suites:.*/Suites: forky/' /etc/apt/sources.list.d/debian.sources > /etc/apt/sources.list.d/forky.sources \
 && printf 'Package: *\nPin: release n=forky\nPin-Priority: -10\n\nPackage: seastar-dev\nPin: release n=forky\nPin-Priority: 990\n' > /etc/apt/preferences.d/weir \
 && apt-get update && apt-get install -y --no-install-recommends $(sed '/^#/d;/^$/d' /tmp/packages.txt) python3-venv kcat \
 && rm -rf /var/lib/apt/lists/*
ENV WEIR_NATIVE=1
