"""Questions of customers about invoices and their lines: listed, asked, answered and closed."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from billing_platform.lib.http.bodies import validated
from billing_platform.lib.validators import validate_line, validate_paragraphs
from invoicing.api.parameters import QuestionParameters
from invoicing.models import Invoice, InvoiceQuestion, QuestionMessage
from invoicing.models.invoice_question import QUESTION_LENGTH
from invoicing.services import questions
from organisations.api.base import AdminGenericView
from organisations.audit import acting_person

_TAGS = ["requests of customers"]
MAY_ANSWER = "invoicing.answer_invoicequestion"


class QuestionMessageSerializer(serializers.ModelSerializer):
    class Meta:
        model = QuestionMessage
        fields = ["id", "side", "text", "written_by", "created_at"]
        read_only_fields = fields


class QuestionSerializer(serializers.ModelSerializer):
    organisation = serializers.UUIDField(source="invoice.organisation_id")
    messages = QuestionMessageSerializer(many=True, help_text="Oldest first.")

    class Meta:
        model = InvoiceQuestion
        fields = [
            "id", "organisation", "invoice", "line", "status", "waits_since", "closed_at", "closed_by", "messages",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class AskSerializer(serializers.Serializer):
    line = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Null: the whole invoice.")
    text = serializers.CharField(max_length=QUESTION_LENGTH, validators=[validate_paragraphs])
    asked_by = serializers.CharField(max_length=200, validators=[validate_line], help_text="A person, for people.")


class AnswerSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=QUESTION_LENGTH, validators=[validate_paragraphs])


def _with_messages() -> QuerySet[InvoiceQuestion]:
    found: QuerySet[InvoiceQuestion] = InvoiceQuestion.objects.select_related("invoice").prefetch_related("messages")
    return found


class QuestionList(ListModelMixin, AdminGenericView):
    """What a customer asked, and what it was answered."""

    queryset = _with_messages()
    serializer_class = QuestionSerializer
    filterset_class = QuestionParameters
    permission_required = "invoicing.view_invoicequestion"

    def get_queryset(self) -> QuerySet[InvoiceQuestion]:
        return super().get_queryset().filter(invoice__organisation_id=self.kwargs["organisation_id"])

    @extend_schema(tags=_TAGS)
    def get(self, request: Request, organisation_id: UUID) -> Response:
        self.organisation(organisation_id)
        return self.list(request)


class QuestionsOfInvoice(AdminGenericView):
    """Write down what a customer asks about an invoice."""

    permission_required = MAY_ANSWER

    @extend_schema(tags=_TAGS, request=AskSerializer, responses={201: QuestionSerializer})
    def post(self, request: Request, invoice_id: UUID) -> Response:
        invoice = self.find(Invoice.objects.all(), pk=invoice_id)
        values = validated(AskSerializer, request)
        made = questions.ask_about_invoice(invoice_id=invoice.pk, line_id=values.pop("line"), **values)
        return Response(QuestionSerializer(_with_messages().get(pk=made.pk)).data, status=201)


class AnswerQuestion(AdminGenericView):
    """Answer it: the customer is mailed the text."""

    permission_required = MAY_ANSWER

    @extend_schema(tags=_TAGS, request=AnswerSerializer, responses={200: QuestionSerializer})
    def post(self, request: Request, question_id: UUID) -> Response:
        question = self.find(InvoiceQuestion.objects.all(), pk=question_id)
        values = validated(AnswerSerializer, request)
        questions.answer_question(question_id=question.pk, answered_by=acting_person(), **values)
        return Response(QuestionSerializer(_with_messages().get(pk=question.pk)).data)


class CloseQuestion(AdminGenericView):
    """It is settled."""

    permission_required = MAY_ANSWER

    @extend_schema(tags=_TAGS, request=None, responses={200: QuestionSerializer})
    def post(self, request: Request, question_id: UUID) -> Response:
        question = self.find(InvoiceQuestion.objects.all(), pk=question_id)
        questions.close_question(question_id=question.pk, closed_by=acting_person())
        return Response(QuestionSerializer(_with_messages().get(pk=question.pk)).data)
