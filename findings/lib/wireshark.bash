# To be sourced after debian.bash: the programs of Wireshark 4.0.17 (Debian bookworm) in the root wireshark.
#
#   wiretap_4_0   editcap, mergecap, capinfos; about 10 MB of downloads
#   tshark_4_0    tshark as well; about 40 MB

wiretap_4_0() {
  unpack wireshark ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf g/glibc/libc6_2.36-9+deb12u14_amd64.deb
  unpack wireshark 7ff85197685d89e150e342b29a59aab1beee400050ba7da73de81cd999ffee5a g/glib2.0/libglib2.0-0_2.74.6-2+deb12u9_amd64.deb
  unpack wireshark 187aedef2ed763f425c1e523753b9719677633c7eede660401739e9c893482bd g/gmp/libgmp10_6.2.1+dfsg1-1.1_amd64.deb
  unpack wireshark 30abec8c824feb1d2d7e9000a34083cccd19d139625e1b21547e3ac53b922f8e g/gnutls28/libgnutls30_3.7.9-2+deb12u7_amd64.deb
  unpack wireshark 64cde86cef1deaf828bd60297839b59710b5cd8dc50efd4f12643caaee9389d3 l/lz4/liblz4-1_1.9.4-1_amd64.deb
  unpack wireshark 6d9f6c25c30efccce6d4bceaa48ea86c329a3432abb360a141f76ac223a4c34a libf/libffi/libffi8_3.4.4-1_amd64.deb
  unpack wireshark e7a56552139c693904a6f9712234c05fe918353273a7cbdb5e62f423ad71bb97 libg/libgcrypt20/libgcrypt20_1.10.1-3+deb12u1_amd64.deb
  unpack wireshark 89944ee11d7370ce6ef46fc52f094c4a6512eff8943ec4c6ebefeae6360ceada libg/libgpg-error/libgpg-error0_1.46-1_amd64.deb
  unpack wireshark d50716d5824083d667427817d506b45d3f59dc77e1ca52de000f3f62d4918afa libi/libidn2/libidn2-0_2.3.3-1+b1_amd64.deb
  unpack wireshark 2c27c613b69be248d09432839ea3d3382f6ee27fabaa65987aa2d884cd00afda libt/libtasn1-6/libtasn1-6_4.19.0-2+deb12u1_amd64.deb
  unpack wireshark d466bbfe011d764d793c1d9d777cad9c7cf65b938e11598f27408171ad95a951 libu/libunistring/libunistring2_1.0-2_amd64.deb
  unpack wireshark 6315b5ac38b724a710fb96bf1042019398cb656718b1522279a5185ed39318fa libz/libzstd/libzstd1_1.5.4+dfsg2-5_amd64.deb
  unpack wireshark ed8185c28b2cb519744a5a462dcd720d3b332c9b88a1d0002eac06dc8550cb94 n/nettle/libhogweed6_3.8.1-2_amd64.deb
  unpack wireshark 45922e6e289ffd92f0f92d2bb9159e84236ff202d552a461bf10e5335b3f0261 n/nettle/libnettle8_3.8.1-2_amd64.deb
  unpack wireshark 251330faddbf013f060fcdb41f4b0c037c8a6e89ba7c09b04bfcc4e3f0807b22 p/p11-kit/libp11-kit0_0.24.1-2_amd64.deb
  unpack wireshark 030db54f4d76cdfe2bf0e8eb5f9efea0233ab3c7aa942d672c7b63b52dbaf935 p/pcre2/libpcre2-8-0_10.42-1_amd64.deb
  unpack wireshark 8ef3e0e5a21443e97af5e708bee8296442830a257cb9cfc482a1fdb2e80b9e0d w/wireshark/libwiretap13_4.0.17-0+deb12u3_amd64.deb
  unpack wireshark e99913fae84c941516e1ef962b62fdb9d013c6cab0a95787db0fb1cc361fda5f w/wireshark/libwsutil14_4.0.17-0+deb12u3_amd64.deb
  unpack wireshark 67b2ff3d79e58301c8b1fcb9d7a654caf0f739753e824f8551fed718f25625a8 w/wireshark/wireshark-common_4.0.17-0+deb12u3_amd64.deb
  unpack wireshark d7dd1d1411fedf27f5e27650a6eff20ef294077b568f4c8c5e51466dc7c08ce4 z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb
}

tshark_4_0() {
  wiretap_4_0
  unpack wireshark 563b4caec1aa5e876bd3355b36e7a38e1484baf5a293b48d1e8bd22db786e4d7 b/brotli/libbrotli1_1.0.9-2+b6_amd64.deb
  unpack wireshark 087fd5c2ac883202e1786ab45617cdab7f77bc7f060d58cca177ddf6b6c3fa73 c/c-ares/libc-ares2_1.18.1-3_amd64.deb
  unpack wireshark 18ee0ce5fab9f7b671e87da1e9fa18660e36e04a3402f24bdb8635e0ba1d35f6 d/dbus/libdbus-1-3_1.14.10-1~deb12u1_amd64.deb
  unpack wireshark a2bac7015e78fbc0c504df3e441f3a22292f1d2d77f9ccda760057f3690e22f2 e/e2fsprogs/libcom-err2_1.47.0-2+b2_amd64.deb
  unpack wireshark 3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7 g/gcc-12/libgcc-s1_12.2.0-14+deb12u1_amd64.deb
  unpack wireshark 5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb
  unpack wireshark f7f6f99c6d7b025914df2447fc93e11d22c44c0c8bdd8b6f36691c9e7ddcef88 i/icu/libicu72_72.1-3+deb12u1_amd64.deb
  unpack wireshark cfac89e6a7a54ff3c6a4f843310e25efeddaa771baeae470bd98bd588c373563 k/keyutils/libkeyutils1_1.6.3-2_amd64.deb
  unpack wireshark 7b6e47d15c5c9cdcd456137533d8308aeba608a54cec73b28bd59bfc4b54cf06 k/krb5/libk5crypto3_1.20.1-2+deb12u5_amd64.deb
  unpack wireshark c90801be09701af221b54dd502a59cb378b7284ff31e480738baca317d2f7653 k/krb5/libkrb5-3_1.20.1-2+deb12u5_amd64.deb
  unpack wireshark 8b9c05f2d8d461a10d657b118f572af5bf8fd6c8f93dcef81e852c5ab0f428ab k/krb5/libkrb5support0_1.20.1-2+deb12u5_amd64.deb
  unpack wireshark c5e1e8410ab9dbbe9ddc30f306c3e50c5ed17acfe4bcfb681078d4b85070c9eb l/lua5.2/liblua5.2-0_5.2.4-3_amd64.deb
  unpack wireshark 8d684c673e7483802a5c447834b0df6fce006eb3a7109e1be412f5ad425bb24f libc/libcap2/libcap2_2.66-4+deb12u3+b1_amd64.deb
  unpack wireshark 856014904c4d7ec9a9ba864c546d91c059b9bf00c7c89eda6fd0a16045f8faac libp/libpcap/libpcap0.8_1.10.3-1_amd64.deb
  unpack wireshark e3939603fa06f370f051289eab0e1cbd3f6c192f0e741e8fd8280f0760211359 libs/libsmi/libsmi2ldbl_0.4.8+dfsg2-16_amd64.deb
  unpack wireshark 4460e39dda10a815881374217cde08474747cfa018358cd8612c14b390eff53b libx/libxml2/libxml2_2.9.14+dfsg-1.3~deb12u6_amd64.deb
  unpack wireshark 5a5736cee57e51c1baed869979e6ecdbc6495e939e33203d6cfe3b6e5a149e3f n/nghttp2/libnghttp2-14_1.52.0-1+deb12u3_amd64.deb
  unpack wireshark a2ec50d0f92864e7524c96352bc2c62221126ee1ef58f77af7bf369c60b6e98f s/snappy/libsnappy1v5_1.1.9-3_amd64.deb
  unpack wireshark 013c07514a9e4933b2d5c098018695a6aa42d085dbc483ce2c094a954c8a1b0a s/systemd/libsystemd0_252.39-1~deb12u2_amd64.deb
  unpack wireshark f6fe08ca4a861022ff1dac95856dcf62dd1c27a6cc6ce058900a315e252beedd w/wireshark/libwireshark16_4.0.17-0+deb12u3_amd64.deb
  unpack wireshark dfd08e71e55566c74cd9253228903133e6d93acfc6ee2526b25f7a89d83fc1fc w/wireshark/tshark_4.0.17-0+deb12u3_amd64.deb
  unpack wireshark f96d8876b53ec89d76a992bc199679b818cf518225a768954d9451fb556a4eb7 x/xz-utils/liblzma5_5.4.1-1+deb12u1_amd64.deb
}
