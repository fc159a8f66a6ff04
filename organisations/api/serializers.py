"""Shapes of organisations, projects and keys, as the contract spells them."""

from __future__ import annotations

from typing import Any, NoReturn

from rest_framework import serializers

from billing_platform.lib.errors import NotFound
from billing_platform.lib.validators import validate_line, validate_printed_line, validate_slug
from organisations.models import ApiKey, BillingEntity, Organisation, Project


class OrganisationReference(serializers.PrimaryKeyRelatedField):
    """An organisation named in a body; null means all organisations. The view checks whether the key reaches it.

    An organisation that does not exist is answered with the same 404 as another tenant's, so that the answer does not
    tell which ids exist.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Organisation.objects.all(), allow_null=True, default=None, **kwargs)

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        if key == "does_not_exist":
            raise NotFound("There is no such organisation.")
        super().fail(key, **kwargs)


class ConfirmField(serializers.BooleanField):
    """true: the client knows the consequences of the change and wants it. Not stored."""

    def __init__(self, **kwargs: Any) -> None:
        text = "Goes on with a change that is answered with CONFIRMATION_NEEDED."
        super().__init__(write_only=True, required=False, help_text=text, **kwargs)


class OrganisationSerializer(serializers.ModelSerializer):
    confirm = ConfirmField()
    billing_entity = serializers.PrimaryKeyRelatedField(queryset=BillingEntity.objects.all(), required=False)
    legal_name = serializers.CharField(max_length=200, required=False, validators=[validate_printed_line])
    slug = serializers.SlugField(max_length=60, required=False, validators=[validate_slug])

    class Meta:
        model = Organisation
        fields = [
            "id",
            "name",
            "legal_name",
            "slug",
            "billing_email",
            "language",
            "billing_entity",
            "currency",
            "time_zone",
            "address_line1",
            "address_line2",
            "city",
            "postal_code",
            "state_code",
            "country",
            "gstin",
            "gstin_checked_on",
            "tax_id",
            "tax_id_kind",
            "is_sez",
            "payment_terms_days",
            "purchase_order",
            "strict_metrics",
            "uses_credit",
            "is_active",
            "is_test",
            "created_at",
            "updated_at",
            "confirm",
        ]
        read_only_fields = ["id", "is_test", "created_at", "updated_at"]


class ProjectSerializer(serializers.ModelSerializer):
    class Meta:
        model = Project
        fields = ["id", "organisation", "name", "mode", "is_active", "created_at"]
        read_only_fields = ["id", "organisation", "created_at"]


class ApiKeySerializer(serializers.ModelSerializer):
    scope = serializers.ChoiceField(choices=ApiKey.Scope.choices, allow_blank=True, help_text="Empty: a project's key.")

    class Meta:
        model = ApiKey
        fields = [
            "id", "kind", "name", "mode", "prefix", "project", "scope",
            "expires_at", "revoked_at", "last_used_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class IssueKeySerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100, validators=[validate_line])
    mode = serializers.ChoiceField(
        choices=ApiKey.Mode.choices, required=False, help_text="The project's own; another one is refused."
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RotateKeySerializer(serializers.Serializer):
    grace_seconds = serializers.IntegerField(min_value=0, max_value=7 * 86400, default=0)


class IssuedKeySerializer(serializers.Serializer):
    """The only answer that ever holds the key itself; a replay of it says null."""

    id = serializers.UUIDField(source="api_key.id")
    api_key = serializers.CharField(source="secret", allow_null=True)
    prefix = serializers.CharField(source="api_key.prefix")
    name = serializers.CharField(source="api_key.name")
    expires_at = serializers.DateTimeField(source="api_key.expires_at", allow_null=True)
