"""The file of public CAs: what is written, and what of a certificate stays."""

import datetime
import hashlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from restante_tools.build import roots


def certificate(name):
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime(2026, 1, 1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now.replace(year=2036))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def rows_of(data):
    """{key: octets}"""
    assert data[:8] == roots.MAGIC
    count = int.from_bytes(data[8:12], "little")
    rows = [roots.ROW.unpack_from(data, 12 + n * roots.ROW.size) for n in range(count)]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    return {key: data[at : at + octets] for key, at, octets in rows}


def test_each_is_found_by_its_subject_and_has_no_signature(tmp_path):
    folder = tmp_path / roots.FOLDER
    folder.mkdir(parents=True)
    ders = {name: certificate(name) for name in ("One CA", "Another CA")}
    for name, der in ders.items():
        (folder / f"{name}.crt").write_text(ssl.DER_cert_to_PEM_cert(der))
    data = roots.write(tmp_path, tmp_path / "roots").read_bytes()
    found = rows_of(data)
    assert len(found) == 2
    for der in ders.values():
        before = x509.load_der_x509_certificate(der)
        stripped = found[hashlib.sha256(before.subject.public_bytes()).digest()[:8]]
        after = x509.load_der_x509_certificate(stripped)
        assert after.tbs_certificate_bytes == before.tbs_certificate_bytes
        assert not any(after.signature) and len(after.signature) == len(before.signature)


def test_two_of_one_name_are_both_there():
    data = roots.packed([certificate("One CA"), certificate("One CA")])
    assert int.from_bytes(data[8:12], "little") == 2


def test_a_package_without_certificates_is_an_error(tmp_path):
    with pytest.raises(roots.ToolError):
        roots.roots_of(tmp_path)
